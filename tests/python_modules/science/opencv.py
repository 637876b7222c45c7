import cv2, numpy as np

image = np.zeros((64, 64, 3), np.uint8)
cv2.circle(image, (32, 32), 10, (0, 255, 0), -1)
gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
contours, _ = cv2.findContours(gray, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
assert len(contours) == 1
for form in (".png", ".jpg", ".webp", ".tiff"):
    ok, data = cv2.imencode(form, image)
    assert ok and cv2.imdecode(data, 1).shape == image.shape
cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml").detectMultiScale(gray)
cv2.ORB_create().detect(gray); cv2.GaussianBlur(image, (3, 3), 0); cv2.Canny(gray, 1, 2)
