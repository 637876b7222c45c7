from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///:memory:"
db = SQLAlchemy(app)

class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(20))

with app.app_context():
    db.create_all()
    db.session.add(User(name="ann"))
    db.session.commit()
    assert db.session.execute(db.select(User)).scalar_one().name == "ann"
    assert db.paginate(db.select(User), page=1, per_page=1).total == 1
