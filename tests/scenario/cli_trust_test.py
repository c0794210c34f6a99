"""vedette trust init, issue, show, rotate and bundle as a user runs them, with openssl for a second opinion."""

import base64
import json
import os
import pathlib
import pty
import shutil
import ssl
import stat
import subprocess
import tempfile
import termios
import time
import unittest

from vedette import COMMAND, MISSING, available

OPENSSL = shutil.which("openssl")
NO_OPENSSL = "there is no openssl command"
ID = "spiffe://vedette.local/ns/default/sa/"


class Case(unittest.TestCase):
    def setUp(self):
        if not available():
            self.skipTest(MISSING)
        folder = tempfile.TemporaryDirectory(prefix="vedette-trust-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.ca = self.folder / "ca"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "VEDETTE_"))}
        self.env["VEDETTE_TRUST"] = str(self.ca)

    def trust(self, *words, code=0):
        done = subprocess.run([COMMAND, "trust", *map(str, words)], capture_output=True, env=self.env, check=False,
                              cwd=self.folder, timeout=120, text=True)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done

    def rows(self, *words, code=0):
        return [json.loads(line) for line in self.trust(*words, code=code).stdout.splitlines()]

    def openssl(self, *words, code=0, given=None):
        if OPENSSL is None:
            self.skipTest(NO_OPENSSL)
        done = subprocess.run([OPENSSL, *map(str, words)], capture_output=True, check=False, cwd=self.folder,
                              timeout=60, text=True, input=given)
        self.assertEqual(done.returncode, code, f"{words}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def verify(self, out, bundle=None, code=0):
        out = self.folder / out
        return self.openssl("verify", "-x509_strict", "-CAfile", bundle or out / "bundle.pem",
                            "-untrusted", out / "svid.pem", out / "svid.pem", code=code)


class Init(Case):
    def test_an_authority_is_made_once_and_closed_to_others(self):
        root, intermediate = self.rows("init")
        self.assertEqual([root["kind"], root["role"], root["verdict"]], ["root", "signing", "ok"])
        self.assertEqual([intermediate["kind"], intermediate["role"]], ["intermediate", "signing"])
        self.assertEqual(root["id"], "spiffe://vedette.local")
        self.assertNotEqual(root["subject"], intermediate["subject"])
        self.assertEqual(stat.S_IMODE(self.ca.stat().st_mode), 0o700)
        modes = {stat.S_IMODE(path.stat().st_mode) for path in self.ca.iterdir()}
        self.assertEqual(modes, {0o600})
        self.assertIn("there is an authority already", self.trust("init", code=2).stderr)

    def test_the_folder_is_found_where_it_is_said_to_be(self):
        del self.env["VEDETTE_TRUST"]
        self.env["HOME"] = str(self.folder / "home")
        self.trust("init")
        self.assertTrue((self.folder / "home/.local/state/vedette/trust/authority").exists())
        self.env["XDG_STATE_HOME"] = str(self.folder / "state")
        self.trust("init")
        self.assertTrue((self.folder / "state/vedette/trust/authority").exists())
        self.trust("init", "--folder", "here")
        self.assertTrue((self.folder / "here/authority").exists())

    def test_what_cannot_be_is_refused(self):
        self.assertIn("lower case", self.trust("init", "-t", "Example.org", code=2).stderr)
        self.assertIn("is no span", self.trust("init", "--root-life", "long", code=2).stderr)
        self.assertIn("at least 4 times", self.trust("init", "--root-life", "100d", code=2).stderr)
        self.assertFalse((self.ca / "authority").exists())

    def test_keys_are_sealed_with_a_key_file(self):
        key_file = self.folder / "secret"
        key_file.write_bytes(os.urandom(32) + b"\n")
        key_file.chmod(0o644)
        self.assertIn("others could have read", self.trust("init", "-k", key_file, code=2).stderr)
        key_file.chmod(0o600)
        self.assertIn("sealed", self.trust("init", "-k", key_file).stderr)
        for path in self.ca.glob("*.key"):
            self.assertIn("BEGIN ENCRYPTED PRIVATE KEY", path.read_text())
        self.assertIn("sealed", self.trust("issue", "x", "--out", "x", code=2).stderr)
        self.trust("issue", "x", "--out", "x", "-k", key_file)
        key_file.write_bytes(b"another one\n")
        self.assertIn("wrong passphrase", self.trust("issue", "x", "--out", "x", "-k", key_file, code=2).stderr)
        key_file.write_bytes(b"short\n")
        self.assertIn("fewer than 8", self.trust("issue", "x", "--out", "x", "-k", key_file, code=2).stderr)
        self.trust("show")
        self.trust("bundle")

    def at_a_terminal(self, answers, *words):
        """Runs a command that asks on its terminal; answers its code and what it showed."""
        child, terminal = pty.fork()
        if child == 0:
            os.execve(COMMAND, [COMMAND, "trust", *map(str, words)], self.env)
        shown = b""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                piece = os.read(terminal, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if answers and shown.endswith(b"keys: "):
                # the question comes before the echo is off: nobody types as fast as this
                while termios.tcgetattr(terminal)[3] & termios.ECHO and time.monotonic() < deadline:
                    time.sleep(0.001)
                os.write(terminal, answers.pop(0) + b"\n")
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown

    def test_a_passphrase_is_asked_for_without_showing_it(self):
        phrase = b"correct horse battery"
        code, shown = self.at_a_terminal([phrase, phrase], "init", "--passphrase", "-o", "ndjson")
        self.assertEqual(code, 0, shown)
        self.assertNotIn(phrase, shown)
        code, shown = self.at_a_terminal([b"wrong horse"], "issue", "x", "-O", self.folder / "x", "-P")
        self.assertEqual(code, 2, shown)
        self.assertIn(b"wrong passphrase", shown)
        code, shown = self.at_a_terminal([phrase], "issue", "x", "-O", self.folder / "x", "-P")
        self.assertEqual(code, 0, shown)

    def test_openssl_opens_what_was_sealed(self):
        key_file = self.folder / "secret"
        key_file.write_text("a line of words\n")
        key_file.chmod(0o600)
        self.trust("init", "-k", key_file)
        for path in self.ca.glob("*.key"):
            self.openssl("pkey", "-in", path, "-passin", f"file:{key_file}", "-noout", "-check")
            self.openssl("pkey", "-in", path, "-passin", "pass:wrong", "-noout", code=1)


class Issue(Case):
    def setUp(self):
        super().setUp()
        self.trust("init", "-q")

    def test_openssl_verifies_a_certificate_strictly_and_for_both_sides(self):
        self.trust("issue", "storage", "--out", "storage", "--dns", "db.example.org",
                   "--ip", "192.0.2.1", "2001:db8::1")
        self.assertIn("OK", self.verify("storage"))
        svid, bundle = self.folder / "storage/svid.pem", self.folder / "storage/bundle.pem"
        for purpose in ("sslserver", "sslclient"):
            self.openssl("verify", "-purpose", purpose, "-CAfile", bundle, "-untrusted", svid, svid)
        for option, value in (("-verify_hostname", "db.example.org"), ("-verify_ip", "2001:db8::1")):
            self.openssl("verify", option, value, "-CAfile", bundle, "-untrusted", svid, svid)
        self.openssl("verify", "-verify_hostname", "example.org", "-CAfile", bundle, "-untrusted", svid, svid, code=2)
        text = self.openssl("x509", "-in", svid, "-noout", "-text")
        self.assertIn(f"URI:{ID}storage, DNS:db.example.org, IP Address:192.0.2.1", text)
        self.assertIn("CA:FALSE", text)
        self.assertEqual(text.count("URI:"), 1)
        subject = self.openssl("x509", "-in", svid, "-noout", "-subject", "-nameopt", "RFC2253")
        self.assertEqual(subject.strip(), "subject=CN=storage,O=vedette")

    def test_key_and_certificate_belong_together_and_are_closed(self):
        self.trust("issue", "x", "--out", "x")
        of_key = self.openssl("pkey", "-in", "x/key.pem", "-pubout")
        of_cert = self.openssl("x509", "-in", "x/svid.pem", "-noout", "-pubkey")
        self.assertEqual(of_key, of_cert)
        self.assertEqual(stat.S_IMODE((self.folder / "x/key.pem").stat().st_mode), 0o600)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "x/svid.pem", self.folder / "x/key.pem")
        context.load_verify_locations(self.folder / "x/bundle.pem")

    def test_another_authority_s_certificate_does_not_verify(self):
        self.trust("issue", "x", "--out", "x")
        self.trust("init", "-q", "--folder", "other")
        self.trust("issue", "x", "--out", "y", "--folder", "other")
        self.verify("x")
        self.verify("x", bundle=self.folder / "y/bundle.pem", code=2)

    def test_the_signing_certificates_are_bound_to_the_trust_domain(self):
        self.trust("issue", "x", "--out", "x")
        self.trust("bundle", "--out", "bundle.pem")
        text = self.openssl("x509", "-in", "bundle.pem", "-noout", "-text")
        self.assertIn("X509v3 Name Constraints: critical", text)
        self.assertIn("URI:vedette.local", text)
        self.assertIn("CA:TRUE, pathlen:1", text)
        self.trust("init", "-q", "--folder", "free", "--no-name-constraints")
        text = self.openssl("x509", "-noout", "-text", given=self.trust("bundle", "--folder", "free").stdout)
        self.assertNotIn("Name Constraints", text)

    def test_the_gateway_is_reached_on_its_own_machine(self):
        self.trust("issue", "gateway", "--out", "g")
        text = self.openssl("x509", "-in", "g/svid.pem", "-noout", "-ext", "subjectAltName")
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1", text)

    def test_issuing_again_swaps_the_three_files_in_one_step(self):
        first, = self.rows("issue", "x", "--out", "x", "--instance", "blue")
        self.assertEqual(first["id"], "spiffe://vedette.local/ns/blue/sa/x")
        seen = (self.folder / "x/.current").resolve()
        second, = self.rows("issue", "x", "--out", "x")
        self.assertNotEqual(first["serial"], second["serial"])
        self.assertFalse(seen.exists())
        self.verify("x")
        names = sorted(path.name for path in (self.folder / "x").glob("*.pem"))
        self.assertEqual(names, ["bundle.pem", "key.pem", "svid.pem"])

    def test_names_are_judged_and_lives_bounded(self):
        for words in (["a/b"], [".."], ["x" * 65], ["x", "--dns", "a,URI:spiffe://vedette.local/x"],
                      ["x", "--ip", "localhost"], ["x", "--instance", ""], ["x", "--life", "soon"], ["x", "--life", "0h"]):
            self.trust("issue", "--out", "x", *words[1:], "--", words[0], code=2)
        self.assertIn("--out is missing", self.trust("issue", "x", code=2).stderr)
        self.assertFalse((self.folder / "x").exists())
        row, = self.rows("issue", "x", "--out", "x", "--life", "1000d")
        authority = self.rows("show")
        self.assertEqual(row["not_after"], authority[1]["not_after"])

    def test_a_folder_that_others_may_enter_is_refused(self):
        (self.folder / "open").mkdir(mode=0o755)
        self.assertIn("others may enter", self.trust("issue", "x", "--out", "open", code=2).stderr)
        self.ca.chmod(0o755)
        self.assertIn("others may enter", self.trust("issue", "x", "--out", "x", code=2).stderr)


class Show(Case):
    def test_files_are_judged_with_a_reason(self):
        self.trust("init", "-q")
        self.trust("issue", "x", "--out", "x", "--life", "1s")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                     "-subj", "/CN=x", "-keyout", "k.pem", "-out", "plain.pem", "-addext", "basicConstraints=CA:FALSE",
                     "-addext", "keyUsage=digitalSignature")
        row, = self.rows("show", "plain.pem", code=1)
        self.assertEqual(row["verdict"], "bad")
        self.assertIn("self_issued", row["message"])
        deadline = time.monotonic() + 30
        while self.rows("show", "x/bundle.pem", "x/svid.pem", code=None)[1]["verdict"] == "ok":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        root, leaf, intermediate = self.rows("show", "x/bundle.pem", "x/svid.pem", code=1)
        self.assertEqual([r["kind"] for r in (root, leaf, intermediate)], ["root", "leaf", "intermediate"])
        self.assertEqual([r["verdict"] for r in (root, leaf, intermediate)], ["ok", "ended", "ok"])
        self.assertIn("no certificate", self.trust("show", "k.pem", code=2).stderr)
        self.assertIn("VERDICT", self.trust("show", "-o", "table").stdout)
        self.assertEqual(len(json.loads(self.trust("show", "-o", "json").stdout)), 2)

    def rows(self, *words, code=0):
        if code is not None:
            return super().rows(*words, code=code)
        done = subprocess.run([COMMAND, "trust", *words], capture_output=True, env=self.env, check=False,
                              cwd=self.folder, timeout=60, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_no_authority_is_an_error(self):
        self.assertIn("No such file", self.trust("show", code=2).stderr)


class Rotate(Case):
    def setUp(self):
        super().setUp()
        self.trust("init", "-q")
        self.trust("issue", "x", "--out", "before")

    def test_nothing_is_due_at_first(self):
        state = (self.ca / "authority").read_text()
        self.assertIn("nothing is due", self.trust("rotate").stderr)
        self.assertEqual((self.ca / "authority").read_text(), state)

    def test_a_new_intermediate_keeps_the_old_certificates_valid(self):
        before = self.rows("show")[1]["serial"]
        after = self.rows("rotate", "--intermediate")[1]["serial"]
        self.assertNotEqual(before, after)
        self.assertEqual(len(list(self.ca.glob("intermediate-*"))), 2)
        self.trust("issue", "x", "--out", "after")
        self.trust("bundle", "--out", "bundle.pem")
        self.verify("before", bundle=self.folder / "bundle.pem")
        self.verify("after", bundle=self.folder / "before/bundle.pem")

    def test_a_next_root_is_in_the_bundle_before_it_signs(self):
        rows = self.rows("rotate", "--root")
        self.assertEqual([r["role"] for r in rows], ["signing", "next", "signing"])
        bundle = json.loads(self.trust("bundle", "-o", "spiffe").stdout)
        self.assertEqual((bundle["spiffe_sequence"], len(bundle["keys"])), (2, 2))
        for key in bundle["keys"]:
            der = base64.b64decode(key["x5c"][0], validate=True)
            self.assertIn("BEGIN CERTIFICATE", ssl.DER_cert_to_PEM_cert(der))
            self.assertEqual((key["use"], key["kty"], key["crv"]), ("x509-svid", "EC", "P-256"))
        self.trust("issue", "x", "--out", "after")
        self.verify("after", bundle=self.folder / "before/bundle.pem")  # who knows only the old one is not cut off
        again = self.trust("rotate", "--root")  # is no second one
        self.assertIn("in the bundle already", again.stderr)
        self.assertEqual(len(self.rows("show")), 3)

    def test_a_stolen_root_is_dropped_at_once(self):
        self.trust("rotate", "--root")
        self.assertIn("trusted no more", self.trust("rotate", "--root", "--now").stderr)
        self.trust("issue", "x", "--out", "after")
        self.verify("after")
        self.verify("before", bundle=self.folder / "after/bundle.pem", code=2)
        self.assertEqual(len(list(self.ca.iterdir())), 5)
        self.assertIn("--now goes with --root", self.trust("rotate", "--now", code=2).stderr)

    def test_a_bundle_is_replaced_in_one_step(self):
        target = self.folder / "bundle.pem"
        target.write_text("old")
        inode = target.stat().st_ino
        self.trust("bundle", "--out", target)
        self.assertNotEqual(target.stat().st_ino, inode)
        self.assertEqual(target.read_text(), self.trust("bundle").stdout)
        self.assertEqual(stat.S_IMODE(target.stat().st_mode), 0o644)


if __name__ == "__main__":
    unittest.main()
