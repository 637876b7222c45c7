def run():
    import email.message
    import socket

    message = email.message.EmailMessage()
    message["Subject"] = "Grüße"
    text = "船 ahoy".encode("shift_jis").decode("shift_jis").encode("utf-7").decode()
    return f"{text} {socket.getaddrinfo('lighthouse.test', 80)[0][4][0]} {message.as_string().split()[1]}"
