"""The log of calls: filters as they are typed, pages by key, rows, totals and the card of one call."""
