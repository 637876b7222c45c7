import io, socket, threading, time, paramiko

class Server(paramiko.ServerInterface):
    def check_auth_password(self, user, password):
        return paramiko.AUTH_SUCCESSFUL if password == "pw" else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=answer, args=(channel,)).start()
        return True

def answer(channel):
    time.sleep(0.3)
    channel.send(b"out")
    channel.send_exit_status(0)
    channel.close()

key = paramiko.RSAKey.generate(2048)
listener = socket.create_server(("127.0.0.1", 18777))

def serve():
    connection, _ = listener.accept()
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    transport.start_server(server=Server())

threading.Thread(target=serve, daemon=True).start()
client = paramiko.SSHClient()
client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
client.connect("127.0.0.1", 18777, "u", "pw", allow_agent=False, look_for_keys=False)
_, out, _ = client.exec_command("x")
assert out.read() == b"out"
client.close()
text = io.StringIO()
key.write_private_key(text)
