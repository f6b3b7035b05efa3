"""Counts the words of texts in a map that is kept."""

import harness
from som import Random


def make_texts():
    """Eight texts of 2000 words each, from a vocabulary of 1000 in which the first are used more often."""
    random = Random()
    syllables = ["ba", "co", "du", "fe", "gi", "ho", "ka", "le", "mi", "no"]
    words = [syllables[i % 10] + syllables[i // 10 % 10] + syllables[i // 100] for i in range(1000)]
    texts = []
    for _ in range(8):
        pieces = []
        for place in range(1, 2001):
            skewed = random.next() * random.next() // 65536
            pieces.append(words[skewed * 1000 // 65536])
            pieces.append("\n" if place % 12 == 0 else " ")
        texts.append("".join(pieces))
    return texts


class WordCount:
    def __init__(self, texts):
        self.texts = texts
        self.counts = {}
        self.steps = 0

    def inner_loop(self, inner):
        for _ in range(inner):
            self.count(self.texts[self.steps % len(self.texts)])
            self.steps += 1
        return self.sum() == self.steps * 2000 and self.most() == self.counts["bababa"]

    def count(self, text):
        counts = self.counts
        for word in text.split():
            counts[word] = counts.get(word, 0) + 1

    def sum(self):
        total = 0
        for count in self.counts.values():
            total += count
        return total

    def most(self):
        """How often the most frequent word came."""
        most = 0
        for count in self.counts.values():
            if count > most:
                most = count
        return most


harness.run("WordCount", 300, WordCount(make_texts()))
