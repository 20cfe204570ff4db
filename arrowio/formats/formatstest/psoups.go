package formatstest

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/prlhf/prlhf/arrowio/formats"
)

// psoupsLoader is a loader.json of format psoups. Its rows are what the authors' notebook made of the six files; train and
// eval have all of them, as no split was recorded.
type psoupsLoader struct {
	Sep string `json:"sep"`
	Raw struct {
		Rows []struct {
			User  int    `json:"user_id"`
			Input string `json:"user_input"`
			A     string `json:"completion_a"`
			B     string `json:"completion_b"`
		} `json:"rows"`
	} `json:"raw"`
	TrainT1 []pair `json:"train_T1"`
	TrainT4 []pair `json:"train_T4"`
	EvalT1  []pair `json:"eval_T1"`
	EvalT4  []pair `json:"eval_T4"`
}

// CheckPSOUPS puts the raw rows of the loader.json at path into the files of their profiles, with the preference prompt
// that the notebook took out, reads them with our reader, and compares prompts, responses and users.
func CheckPSOUPS(path string) (Outcome, error) {
	var fixture psoupsLoader
	if err := readFixture(path, &fixture); err != nil {
		return Outcome{}, err
	}
	train, eval, err := fixture.ours()
	if err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", path, err)
	}
	var o Outcome
	o.compare("train_T1", train, fixture.TrainT1, fixture.Sep)
	o.compare("train_T4", train, fixture.TrainT4, fixture.Sep)
	o.compare("eval_T1", eval, fixture.EvalT1, fixture.Sep)
	o.compare("eval_T4", eval, fixture.EvalT4, fixture.Sep)
	return o, nil
}

// ours are the rows of our reader in the authors' form.
func (f psoupsLoader) ours() (train, eval []pair, err error) {
	files := make([]bytes.Buffer, len(formats.Profiles))
	for _, row := range f.Raw.Rows {
		line, err := json.Marshal(map[string]string{"user_input": row.Input + " " + formats.Profiles[row.User-1].Prompt(), "completion_a": row.A, "completion_b": row.B})
		if err != nil {
			return nil, nil, err
		}
		files[row.User-1].Write(append(line, '\n'))
	}
	read := make([][]formats.Record, len(files))
	for i := range files {
		for record, err := range formats.PSOUPS(formats.Profiles[i].Name+".json", &files[i]) {
			if err != nil {
				return nil, nil, err
			}
			if record.Kind == formats.Usable {
				read[i] = append(read[i], record)
			}
		}
	}
	for _, row := range f.Raw.Rows { // in the order of the fixture
		own := &read[row.User-1]
		if len(*own) == 0 {
			return nil, nil, fmt.Errorf("our reader leaves out a row of user %d", row.User)
		}
		record := (*own)[0]
		*own = (*own)[1:]
		record.Prompt = " <|user|>\n" + record.Prompt + " \n<|assistant|>\n"
		eval = append(eval, forUser(row.User, record.Row))
		train = append(train, forUser(row.User, record.Row), forUser(0, record.Row))
	}
	return train, eval, nil
}
