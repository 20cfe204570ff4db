package chat

// The templates that a spec can name. They are protocols: the texts that the models were trained on.

// tulu is what the authors of the paper put around an instruction (HumainLab/Personalized_RLHF, scripts of P-SOUPS): Tulu's
// format with a space before the line end. Messages of the assistant end as in allenai/open-instruct.
const tulu = "{% for message in messages %}" +
	"{% if message['role'] == 'assistant' %}{{ '<|assistant|>\n' + message['content'] + eos_token + '\n' }}" +
	"{% else %}{{ '<|' + message['role'] + '|>\n' + message['content'] + ' \n' }}{% endif %}" +
	"{% endfor %}" +
	"{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"

// llama3 is the format of Meta's Llama 3 Instruct (its model card).
const llama3 = "{{ '<|begin_of_text|>' }}{% for message in messages %}" +
	"{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + (message['content'] | trim) + '<|eot_id|>' }}" +
	"{% endfor %}" +
	"{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"

// llama3Tokens are special tokens of every Llama 3 tokenizer; elsewhere they would be mere letters.
var llama3Tokens = []string{"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}

// Named is a template by its name in the language; ok is false where there is none of that name.
func Named(name string) (t *Template, ok bool) {
	source, ok := map[string]string{"tulu": tulu, "llama3": llama3}[name]
	if !ok {
		return nil, false
	}
	t, err := Parse(source)
	if err == nil && name == "llama3" {
		t.tokens = llama3Tokens
	}
	return t, err == nil
}
