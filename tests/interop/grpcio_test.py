"""Our gRPC server with Python's grpcio (Debian's, on gRPC's C core) as the client: every kind of call over mTLS."""
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

DEBIAN = "/usr/lib/python3/dist-packages"  # where python3-grpcio is, whichever python runs this
try:
    import grpc
except ImportError:
    sys.path.append(DEBIAN)
    try:
        import grpc
    except ImportError as error:
        grpc, WHY = None, str(error)

SERVER, CLIENT, OTHER = "echo", "caller", "stranger"


def field(number, kind, value):
    """One field of a message (protobuf.dev, Encoding): kind 0 varint, 2 bytes."""
    def varint(n):
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        return bytes([*out, n])
    return varint(number << 3 | kind) + (varint(value) if kind == 0 else varint(len(value)) + value)


def request(payload=b"", repeat=0, delay_ms=0, fail_code=0):
    numbers = [(2, repeat), (3, delay_ms), (4, fail_code)]
    return (field(1, 2, payload) if payload else b"") + b"".join(field(n, 0, v) for n, v in numbers if v)


def read(message):
    """{number: value} of a message with varints and bytes."""
    found, i = {}, 0

    def varint():
        nonlocal i
        value = shift = 0
        while True:
            byte = message[i]
            i += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while i < len(message):
        key = varint()
        if key & 7 == 0:
            found[key >> 3] = varint()
        else:
            size = varint()
            found[key >> 3] = message[i:i + size]
            i += size
    return found


@unittest.skipIf(grpc is None, "python3-grpcio is not installed")
class EchoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.root = root
        cls.vedette("trust", "init", "--folder", root / "ca", "-q")
        for name in (SERVER, CLIENT, OTHER):
            cls.issue(name)
        cls.server = subprocess.Popen(
            [os.environ["VD_ECHO_SERVER"], "127.0.0.1:0", root / SERVER, cls.spiffe(CLIENT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cls.address = cls.server.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        out, err = cls.server.communicate(timeout=30)
        cls.folder.cleanup()
        if cls.server.returncode != 0 or not out.endswith("clean\n"):
            raise AssertionError(f"the server ended with {cls.server.returncode}: {out}{err}")

    @staticmethod
    def spiffe(name):
        return f"spiffe://vedette.local/ns/default/sa/{name}"

    @classmethod
    def vedette(cls, *args):
        subprocess.run([os.environ["VEDETTE"], *map(str, args)], check=True, capture_output=True)

    @classmethod
    def issue(cls, name):
        cls.vedette("trust", "issue", name, "--folder", cls.root / "ca", "--out", cls.root / name, "--ip", "127.0.0.1")

    @classmethod
    def channel(cls, name=CLIENT):
        folder = cls.root / name
        credentials = grpc.ssl_channel_credentials((folder / "bundle.pem").read_bytes(),
                                                   (folder / "key.pem").read_bytes(), (folder / "svid.pem").read_bytes())
        return grpc.secure_channel(cls.address, credentials, [("grpc.max_receive_message_length", 20 << 20)])

    def method(self, channel, name, kind):
        make = getattr(channel, kind)
        return make(f"/vedette.test.v1.Echo/{name}", request_serializer=bytes, response_deserializer=bytes)

    def test_one_request_and_one_answer(self):
        with self.channel() as channel:
            answer, call = self.method(channel, "Unary", "unary_unary").with_call(
                request(b"hello"), timeout=10, metadata=(("x-echo", "to and fro"), ("x-echo-bin", b"\0\1\xff")))
        self.assertEqual(read(answer), {1: b"hello", 2: 1})
        self.assertIn(("x-echo", "to and fro"), [tuple(m) for m in call.initial_metadata()])
        self.assertIn(("x-echo-bin", b"\0\1\xff"), [tuple(m) for m in call.trailing_metadata()])

    def test_a_stream_of_answers(self):
        with self.channel() as channel:
            answers = list(self.method(channel, "ServerStream", "unary_stream")(request(b"x" * 5000, 500), timeout=20))
        self.assertEqual([read(a)[1] for a in answers], [b"x" * 5000] * 500)

    def test_a_stream_of_requests(self):
        with self.channel() as channel:
            answer = self.method(channel, "ClientStream", "stream_unary")(
                (request(b"y" * 5000) for _ in range(500)), timeout=20)
        self.assertEqual(read(answer), {1: b"y" * 5000, 2: 500})

    def test_streams_both_ways(self):
        with self.channel() as channel:
            answers = list(self.method(channel, "BidiStream", "stream_stream")(
                (request(str(i).encode()) for i in range(300)), timeout=20))
        self.assertEqual([read(a) for a in answers], [{1: str(i).encode(), 2: i + 1} for i in range(300)])

    def test_a_large_message(self):
        with self.channel() as channel:
            answer = self.method(channel, "Unary", "unary_unary")(request(b"z" * (8 << 20)), timeout=30)
        self.assertEqual(len(read(answer)[1]), 8 << 20)

    def test_a_failure_has_its_code_and_words(self):
        with self.channel() as channel:
            for code in list(grpc.StatusCode)[1:]:
                with self.assertRaises(grpc.RpcError) as caught:
                    self.method(channel, "Unary", "unary_unary")(request(b"x", fail_code=code.value[0]), timeout=10)
                self.assertEqual(caught.exception.code(), code)
                self.assertEqual(caught.exception.details(), "asked to fail – 50 %")

    def test_a_deadline(self):
        with self.channel() as channel:
            began = time.monotonic()
            with self.assertRaises(grpc.RpcError) as caught:
                self.method(channel, "Unary", "unary_unary")(request(b"x", delay_ms=60000), timeout=0.2)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
            self.assertLess(time.monotonic() - began, 20)

    def test_a_call_that_is_cancelled(self):
        with self.channel() as channel:
            answers = self.method(channel, "ServerStream", "unary_stream")(request(b"x", 10000, 5), timeout=60)
            next(answers)
            answers.cancel()
            with self.assertRaises(grpc.RpcError) as caught:
                list(answers)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.CANCELLED)

    def test_a_method_that_is_none(self):
        with self.channel() as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                self.method(channel, "Nothing", "unary_unary")(b"", timeout=10)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_a_message_that_is_none(self):
        with self.channel() as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                self.method(channel, "Unary", "unary_unary")(b"\x0a\xff", timeout=10)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_who_is_not_on_the_list_gets_no_connection(self):
        with self.channel(OTHER) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                self.method(channel, "Unary", "unary_unary")(request(b"x"), timeout=10)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_plaintext_gets_no_connection(self):
        with grpc.insecure_channel(self.address) as channel:
            with self.assertRaises(grpc.RpcError) as caught:
                self.method(channel, "Unary", "unary_unary")(request(b"x"), timeout=5)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_health(self):
        with self.channel() as channel:
            check = channel.unary_unary("/grpc.health.v1.Health/Check", bytes, bytes)
            self.assertEqual(read(check(field(1, 2, b"vedette.test.v1.Echo"), timeout=10)), {1: 1})
            with self.assertRaises(grpc.RpcError) as caught:
                check(field(1, 2, b"nobody"), timeout=10)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
            watch = channel.unary_stream("/grpc.health.v1.Health/Watch", bytes, bytes)(b"", timeout=10)
            self.assertEqual(read(next(watch)), {1: 1})
            watch.cancel()

    def test_reflection_lists_what_there_is(self):
        with self.channel() as channel:
            ask = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", bytes, bytes)
            listed = read(next(ask(iter([field(7, 2, b"*")]), timeout=10)))[6]
            self.assertIn(b"vedette.test.v1.Echo", listed)
            file = read(next(ask(iter([field(4, 2, b"vedette.test.v1.Echo")]), timeout=10)))[4]
            self.assertIn(b"EchoRequest", file)

    def test_rotation_under_load_fails_no_call(self):
        """A new certificate is picked up by new handshakes, and calls go on over old and new connections."""
        done, failed = [0], []
        stop = threading.Event()

        def load():
            while not stop.is_set():
                try:
                    with self.channel() as channel:
                        for _ in range(20):
                            self.method(channel, "Unary", "unary_unary")(request(b"x" * 700), timeout=10)
                            done[0] += 1
                except grpc.RpcError as error:
                    failed.append(error)
                    return
        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            self.issue(SERVER)
            self.server.stdin.write("\n")
            self.server.stdin.flush()
            self.assertEqual(self.server.stdout.readline(), "changed\n")
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(done[0], 0)


if __name__ == "__main__":
    unittest.main()
