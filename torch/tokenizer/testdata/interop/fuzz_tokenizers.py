"""Ask Hugging Face `tokenizers` for the ids of generated strings, for a comparison with torch/tokenizer.

    python fuzz_tokenizers.py --count 2000 --seed 1 [--transformers] [--every-character | --texts FILE] FOLDER

One JSON object per line on stdout. The first has the version and the number of ids; each other one a text, its ids (plain, with special
tokens, with special tokens read as text), and texts decoded from those ids and from random ones. With --transformers the ids
come from AutoTokenizer.from_pretrained(FOLDER) as well, and the first line has the special tokens that it sees.
The strings are built to hurt: every Unicode category, emoji, runs of white space and of combining marks, contractions in
every case, the tokenizer's own special tokens whole and cut, control characters, and pieces of its vocabulary.
"""
import argparse
import json
import os
import random
import sys
import unicodedata

import tokenizers
from tokenizers import Tokenizer

WORDS = "the The THE cat sat prefers Summaries naïve Straße ŒUVRE Привет Ελλάς ﬁne 東京都 こんにちは 한국어 שלום مرحبا हिन्दी ไทย İstanbul ǅ".split()
CONTRACTIONS = [q + e for q in ("'", "’", " '", "''") for e in
                ("s", "S", "t", "T", "re", "RE", "Re", "rE", "ve", "VE", "m", "M", "ll", "LL", "lL", "d", "D", "ſ", "x", "l", "r", "K", "")]
SPACES = [" ", "  ", "   ", "\t", "\n", "\r", "\r\n", "\n\n", " \n", "\n ", "\u00a0", "\u3000", "\u2028", "\u2029", "\u0085",
          "\u200b", "\x0b", "\x0c", "\x1c", "\x1f", "\u1680", "\u180e", "\u202f", "\u205f", "\ufeff"]
NUMBERS = ["0", "7", "42", "123", "1234", "12345678", "3.14", "1,000", "٣٤", "Ⅷ", "½", "²³", "①", "三", "१२३", "𝟘𝟙", "7th", "x2"]
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "❤️", "🏴\U000e0067\U000e0062\U000e007f", "☃", "🫠"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "--", "?!", "||", " ||", "«", "»", "—", "。", "¿", "<|", "|>", "</", "::"]
MARKS = ["e\u0301", "a\u0308\u0301", "\u0301", "\u0345", "q\u0307\u0323", "\u1100\u1161\u11a8", "\uac01", "\u212b", "\u00c5", "ﬁ", "ﷺ", "\u0f73",
         "\u0958", "\u2adc", "\u200d", "\u200c", "\u0340", "\u0344", "\u1e9b\u0323", "\u09c7\u09be"]
ODD = ["\ufffd", "\ufffe", "\uffff", "\U0010ffff", "\ue000", "\U000e0001", "\u00ad", "\u061c", "▁", "▁▁", "Ġ", "Ċ", "ġ", "<0x0A>", "<0xE2>", "<0x", "ÿ", "Ā", "\u0378"]
RUN_OF_MARKS = "\u0301\u0323\u0308\u0345\u0327"


def by_category():
    """Every character, in one list per general category."""
    lists = {}
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code <= 0xDFFF:
            lists.setdefault(unicodedata.category(chr(code)), []).append(chr(code))
    return [lists[name] for name in sorted(lists)]


def special_piece(rng, specials):
    token = rng.choice(specials)
    kind = rng.randrange(6)
    if kind == 0:
        return token[:rng.randrange(1, len(token) + 1)]
    if kind == 1:
        return token[rng.randrange(len(token)):]
    if kind == 2:
        return rng.choice(SPACES) + token + rng.choice(SPACES)
    if kind == 3:
        return rng.choice("aé_1'") + token + rng.choice("aé_1'")
    return token * rng.randrange(1, 3)


def piece(rng, categories, specials, vocabulary):
    kind = rng.randrange(16)
    if kind < 3:
        return rng.choice(WORDS)
    if kind == 3:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyzABCDEF ") for _ in range(rng.randrange(1, 12)))
    if kind == 4:
        return rng.choice(WORDS) + rng.choice(CONTRACTIONS)
    if kind in (5, 6):
        return "".join(rng.choice(SPACES) for _ in range(rng.randrange(1, 5)))
    if kind == 7:
        return rng.choice(NUMBERS)
    if kind == 8:
        return rng.choice(EMOJI)
    if kind == 9:
        return rng.choice(PUNCTUATION)
    if kind == 10:
        marks = "".join(rng.choice(MARKS) for _ in range(rng.randrange(1, 4)))
        return marks + "".join(rng.choice(RUN_OF_MARKS) for _ in range(rng.choice([0, 0, 1, 3, 45])))
    if kind == 11:
        return rng.choice(ODD)
    if kind == 12 and specials:
        return special_piece(rng, specials)
    if kind == 13:
        return "".join(rng.choice(rng.choice(categories)) for _ in range(rng.randrange(1, 5)))
    if kind == 14:
        return chr(rng.randrange(0x20))
    return rng.choice(vocabulary)


def texts(rng, count, tokenizer):
    specials = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
    vocabulary = sorted(tokenizer.get_vocab())
    fixed = ["", " ", "  ", "\n", "a", " a", "a ", "'", "''s", "\u0301", " \u0301", "▁", "a" * 300, " " * 300, "é" * 200, "ab " * 100]
    fixed += specials + [" " + s for s in specials] + [s + " " for s in specials]
    yield from fixed[:count]
    categories = by_category()
    for _ in range(max(0, count - len(fixed))):
        yield "".join(piece(rng, categories, specials, vocabulary) for _ in range(rng.randrange(1, 13)))


def given(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def every_character():
    """All assigned characters and their neighbours, private use left out, each between marks of two classes."""
    block = []
    for code in [*range(0x323C0), *range(0xE0000, 0xE01F0)]:
        if not 0xD800 <= code <= 0xF8FF:
            block.append("a\u0301" + chr(code) + "\u0323 1")
        if len(block) == 64:
            yield "".join(block)
            block = []
    yield "".join(block)


def case(rng, tokenizer, text, size):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    full = tokenizer.encode(text, add_special_tokens=True).ids
    tokenizer.encode_special_tokens = True
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    some = [rng.randrange(size + 3) for _ in range(rng.randrange(1, 12))]
    return {"text": text, "ids": ids, "full": full, "plain": plain,
            "decoded": tokenizer.decode(full, skip_special_tokens=False),
            "skipped": tokenizer.decode(full, skip_special_tokens=True),
            "random": some, "random_decoded": tokenizer.decode(some, skip_special_tokens=False)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every-character", action="store_true", help="every character, instead of generated strings")
    parser.add_argument("--texts", help="a JSON list of strings, instead of generated ones")
    parser.add_argument("--transformers", action="store_true")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    tokenizer = Tokenizer.from_file(os.path.join(args.folder, "tokenizer.json"))
    first = {"version": tokenizers.__version__, "size": tokenizer.get_vocab_size(with_added_tokens=True)}
    fast = None
    if args.transformers:
        from transformers import AutoTokenizer

        fast = AutoTokenizer.from_pretrained(args.folder)
        first["transformers"] = {"bos": fast.bos_token_id, "eos": fast.eos_token_id, "pad": fast.pad_token_id, "size": len(fast)}
    print(json.dumps(first))
    if args.texts:
        chosen = given(args.texts)
    elif args.every_character:
        chosen = every_character()
    else:
        chosen = texts(rng, args.count, tokenizer)
    for text in chosen:
        line = case(rng, tokenizer, text, first["size"])
        if fast is not None:
            line["transformers_full"] = fast(text, add_special_tokens=True)["input_ids"]
        print(json.dumps(line))


if __name__ == "__main__":
    main()
