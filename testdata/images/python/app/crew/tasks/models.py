def run():
    import pydantic

    class Ship(pydantic.BaseModel):
        name: str
        masts: int

    try:
        Ship.model_validate({"name": "Vasa", "masts": "many"})
    except pydantic.ValidationError as error:
        return f"{Ship(name='Vasa', masts='3')!r} {error.error_count()}"
