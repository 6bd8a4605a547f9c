"""The WSGI entry: `gunicorn wsgi:app`, or `flask --app wsgi run --debug` while editing."""

from app import create_app

app = create_app()
app.extensions["pult"].start()
