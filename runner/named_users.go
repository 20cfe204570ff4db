// Users whom a spec chooses by id, dataset.D.users["17"]: that the data has them is checked as soon as it is split, so before
// anything is computed, and by plan where the split is in the store already.
package runner

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// nameUsers hands the users of a data set who are chosen by id to its split, and complains about those whom a split that is
// there already does not have.
func (c *compiler) nameUsers(d *dsl.Dataset, split *Node) {
	var users []arrowio.User
	e, stored := c.stored([]*Node{split})
	if stored {
		var err error
		users, err = arrowio.Read[arrowio.User](e.Path(split, usersFile))
		stored = err == nil // else the stage that reads it says so
	}
	stage := split.Stage.(*splitStage)
	for _, named := range c.spec.Named {
		if named.User.Dataset != d {
			continue
		}
		stage.named = append(stage.named, named)
		if err := checkNamed(named.User, users); stored && err != nil {
			c.sayAt(hcl.DiagError, named.At, "Unknown user", "%v.", err)
		}
	}
}

// checkNamed refuses a user whom the data does not have among those from whom they were chosen.
func checkNamed(s *dsl.Set, users []arrowio.User) error {
	seen, of := s.Name == "users", fmt.Sprintf("%s.%s", s.Dataset.Addr, s.Name)
	i := slices.IndexFunc(users, func(u arrowio.User) bool { return u.ID == s.ID && s.ID != "" })
	if i >= 0 && users[i].Seen == seen {
		return nil
	}
	if i >= 0 {
		other := map[bool]string{true: "unseen_users", false: "users"}[seen]
		return fmt.Errorf("user %q is not among %s; write %s.%s[%q]", s.ID, of, s.Dataset.Addr, other, s.ID)
	}
	among := slices.DeleteFunc(slices.Clone(users), func(u arrowio.User) bool { return u.Seen != seen || u.ID == "" })
	if len(among) == 0 {
		return fmt.Errorf("%s has no user %q, nor anybody else", of, s.ID)
	}
	// Near ids would help, and are other people's: errors go into logs.
	return fmt.Errorf("%s has no user %q; it has %d users, and %s", of, s.ID, len(among), whereIDsAre(s.Dataset))
}
