"""What transformers makes of conversations: lines of JSON in, {folder, template, messages}, and out, ids or why not."""
import json
import os
import sys

import transformers

tokenizers = {}
for line in sys.stdin:
    ask = json.loads(line)
    folder = ask["folder"]
    if folder not in tokenizers:
        tokenizers[folder] = transformers.AutoTokenizer.from_pretrained(folder)
    try:
        ids = tokenizers[folder].apply_chat_template(ask["messages"], chat_template=ask["template"], add_generation_prompt=True, tokenize=True, return_dict=False)
        answer = {"ids": ids}
    except Exception as e:  # a template may refuse a conversation
        answer = {"error": f"{type(e).__name__}: {e}"[:200]}
    print(json.dumps(answer))
