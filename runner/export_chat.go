package runner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/prlhf/prlhf/torch/tokenizer"
)

// writeTemplate leaves a chat template in the folder where the policy is asked through one, and only there: serve.py goes by
// whether the file is there.
func (x *export) writeTemplate(dir string) error {
	path := filepath.Join(dir, tokenizer.ChatTemplateName)
	if t := x.policy.origin.how.template; t != nil {
		return os.WriteFile(path, []byte(t.Source()), 0o644)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// asked says in an export's guide what stands where the prompt is.
func (x *export) asked() string {
	how := x.policy.origin.how
	text := "the prompt as it is; no chat template"
	if how.template != nil {
		text = "the prompt as a user's message in the chat template of `chat_template.jinja`, with what the assistant's answer begins with"
	}
	if how.expr != nil {
		text += ". In training the spec put these words in the prompt's place: `" + how.expr.Source + "`"
	}
	return text
}
