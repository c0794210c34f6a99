"""Engines in processes of their own that take a turn when asked, and who takes one when."""
import json
import subprocess

SHORT = 2000  # events measured: a stream with fewer takes five times the turns


class Missing(Exception):
    """A part cannot run here; the words say why."""


class Engine:
    """argv prints one JSON line when it has loaded and answers each line with one."""

    def __init__(self, words, argv):
        self.words = words
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.loaded = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Missing(f"{self.words} ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer says so
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def rounds(asked, streams, turns):
    """asked: {name: (engine, verb)}.  {(stream, name): [ns an event, …]}: for each stream every engine in turn."""
    times, size, done = {}, {}, 0
    while True:
        due = [i for i, stream in enumerate(streams)
               if done < turns * (5 if size.get(stream, SHORT) < SHORT else 1)]
        if not due:
            return times
        for i in due:
            stream = list(streams)[i]
            for name, (engine, verb) in asked.items():
                answer = engine.ask(verb, i)
                size[stream] = answer["events"]
                times.setdefault((stream, name), []).append(answer["ns"] / answer["events"])
        done += 1
