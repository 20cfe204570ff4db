// Users of an export and of forget: finding them by id, and naming them in tokens.
package runner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// findUsers turns ids into indices 1..m, each once, in the order of the index. An entry that is no id may list several
// with commas. "0" is the generic user, who is always there, where nobody has that id and generic allows it.
func findUsers(addr string, users []arrowio.User, asked []string, generic bool) ([]int32, error) {
	index := indexOf(users)
	var ids []string
	for _, entry := range asked {
		if index[entry] > 0 {
			ids = append(ids, entry)
			continue
		}
		ids = append(ids, strings.Split(entry, ",")...)
	}
	var out []int32
	for _, id := range ids {
		switch i := index[id]; {
		case i > 0:
			out = append(out, i)
		case id == "0" && generic:
		case id == "0":
			return nil, fmt.Errorf("user 0 is nobody: the policy uses them for those whom it does not know")
		default:
			return nil, unknownUser(addr, users, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func unknownUser(addr string, users []arrowio.User, id string) error {
	known := len(slices.DeleteFunc(slices.Clone(users), arrowio.User.Erased))
	if known == 0 {
		return fmt.Errorf("%s knows no user %q: it knows nobody by name", addr, id)
	}
	return fmt.Errorf("%s knows no user %q; it knows %d users, by their ids in the data", addr, id, known)
}

var plainID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// tokenNames are the names of users 0..m in added tokens: the id where it is plain, else the index. User 0 is "0"; whoever
// would have a name that is taken is "index-I".
func tokenNames(users []arrowio.User) []string {
	names, taken := make([]string, len(users)+1), map[string]bool{"0": true}
	names[0] = "0"
	for i, u := range users {
		if plainID.MatchString(u.ID) && !taken[u.ID] {
			names[i+1] = u.ID
			taken[u.ID] = true
		}
	}
	for i := range users {
		for name, n := strconv.Itoa(i+1), 0; names[i+1] == ""; n++ {
			if !taken[name] {
				names[i+1] = name
				taken[name] = true
			}
			name = strings.Repeat("index-", n+1) + strconv.Itoa(i+1)
		}
	}
	return names
}

// userNote is user_model.json: what the tensors of user_model.safetensors mean, for other programs.
type userNote struct {
	Kind     string    `json:"kind"` // "" where there is no user model
	Tokens   int       `json:"tokens"`
	Clusters int       `json:"clusters,omitempty"`
	Weights  string    `json:"weights,omitempty"`
	Shared   bool      `json:"shared"`
	As       string    `json:"as,omitempty"` // soft_prompt, linear_head
	Users    []*string `json:"users"`        // ids by index; null is the generic user, or an erased one
	BOS      *int32    `json:"bos_token_id"` // put before the soft prompt; null: none
	Base     string    `json:"base"`         // of a PEFT export: the model below, a folder here or a path; else ""
	Reward   bool      `json:"reward"`
}

// writeUserModel writes the vectors of user 0 and of the chosen users, and what they mean.
func (x *export) writeUserModel(dir string, special specialIDs) error {
	note := userNote{Users: []*string{nil}, Reward: x.rewards(), Base: x.baseName()}
	if special.bos >= 0 {
		note.BOS = &special.bos
	}
	if u := x.stage.spec.UserModel; u != nil && u.Tokens > 0 {
		cfg := userModelConfig(u)
		note.Kind, note.Tokens, note.Clusters, note.Shared, note.As = u.Kind, u.Tokens, u.Clusters, u.Shared, u.As
		if u.Kind == "cluster" {
			note.Weights = u.Weights
		}
		for _, i := range x.chosen {
			note.Users = append(note.Users, &x.users[i-1].ID)
		}
		if err := usermodel.Select(x.env.Path(x.node, userModelFile), filepath.Join(dir, userModelFile), cfg, x.chosen); err != nil {
			return err
		}
	}
	return writeJSONFile(filepath.Join(dir, "user_model.json"), note)
}

// writeJSONFile writes JSON as people read it: < and > stay.
func writeJSONFile(path string, value any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
