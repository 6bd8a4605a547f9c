"""The Flask extensions, made once and bound in create_app()."""

from __future__ import annotations

from flask_babel import Babel
from flask_migrate import Migrate
from flask_sock import Sock
from flask_sqlalchemy import SQLAlchemy

from app.models.base import Base

db = SQLAlchemy(model_class=Base)
migrate = Migrate()
sock = Sock()
babel = Babel()
