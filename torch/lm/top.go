package lm

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What stands on the hidden states of the last layer.
const (
	TopVocabulary = ""      // the output layer: a language model
	TopScore      = "score" // one linear layer without bias to one number: a reward model, in transformers a sequence classifier of one label
	TopNone       = "none"  // nothing: the caller reads the hidden states
)

// scoreName is transformers' name of a sequence classifier's head: [1, d].
const scoreName = "score.weight"

const classifier = "ForSequenceClassification"

// topOf tells a reward model's folder from a language model's.
func topOf(raw rawConfig) (string, error) {
	for _, architecture := range raw.Architectures {
		if !strings.HasSuffix(architecture, classifier) {
			continue
		}
		labels := 2 // transformers' default
		if raw.NumLabels != nil {
			labels = *raw.NumLabels
		} else if raw.Labels != nil {
			labels = len(raw.Labels)
		}
		if labels != 1 {
			return "", fmt.Errorf("the model is a %s of %d labels; a reward model has one", architecture, labels)
		}
		return TopScore, nil
	}
	return TopVocabulary, nil
}

// rewardConfig turns a config.json into that of a reward model of the same network. It names no padding token: transformers
// would look for the last token that is not padding, and where padding is the end token that is not the last one.
func rewardConfig(config []byte, family string) ([]byte, error) {
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, err
	}
	prefix := map[string]string{"gpt2": "GPT2", "gptj": "GPTJ", "gpt_neo": "GPTNeo", "llama": "Llama", "mistral": "Mistral", "qwen2": "Qwen2"}[family]
	for name, value := range map[string]string{
		"architectures": `["` + prefix + classifier + `"]`,
		"num_labels":    `1`,
		"id2label":      `{"0": "LABEL_0"}`,
		"label2id":      `{"LABEL_0": 0}`,
		"pad_token_id":  `null`,
	} {
		fields[name] = json.RawMessage(value)
	}
	data, err := json.MarshalIndent(fields, "", "  ")
	return append(data, '\n'), err
}
