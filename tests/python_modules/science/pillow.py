from PIL import Image, ImageDraw, ImageFilter, ImageFont
import io
i = Image.new("RGB", (64,64), "red"); ImageDraw.Draw(i).text((5,5),"hi", font=ImageFont.load_default())
for f in ("PNG","JPEG","GIF","WEBP","TIFF","BMP","PDF"):
    b = io.BytesIO(); i.save(b, f)
    if f != "PDF": b.seek(0); Image.open(b).load()
i.filter(ImageFilter.GaussianBlur(2)).resize((10,10)).convert("L").rotate(3)
