import psutil
from wtforms import Form, IntegerField, StringField, validators

class Data(dict):
    def getlist(self, key):
        return [self[key]]

class Register(Form):
    name = StringField("Name", [validators.Length(min=3)])
    age = IntegerField("Age", [validators.NumberRange(min=1)])

assert Register(Data(name="anna", age="3")).validate()
form = Register(Data(name="a", age="x"), meta={"locales": ["de"]})
assert not form.validate() and "name" in form.errors and "<input" in str(form.name())
assert psutil.Process().memory_info().rss > 0
