// A second hand that keeps going while the page is hidden.
setInterval(() => postMessage(0), 1000);
