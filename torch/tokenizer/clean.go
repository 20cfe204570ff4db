// The clean-up of decoded English text (clean_up_tokenization_spaces).
package tokenizer

import "strings"

// Order matters: each replacement sees what the ones before it left.
var cleanups = [...][2]string{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"},
	{" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
}

// Clean takes the spaces before punctuation and contractions out of decoded text, as transformers does on request. It loses
// information: "a ." and "a." become one.
func Clean(text string) string {
	for _, c := range cleanups {
		text = strings.ReplaceAll(text, c[0], c[1])
	}
	return text
}
