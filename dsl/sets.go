package dsl

// SetKind tells what a lazy set holds.
type SetKind string

// Kinds of lazy sets (language/README section 2).
const (
	RowSet      SetKind = "rows"      // comparisons, each with its user
	PromptSet   SetKind = "prompts"   // distinct, nobody's
	ResponseSet SetKind = "responses" // one per prompt, and per user where it differs
	UserSet     SetKind = "users"
)

// SetOp tells how a set is made.
type SetOp string

// Operations of lazy sets.
const (
	SetSplit     SetOp = "split"     // rows of Dataset; Name "train" or "test"
	SetPrompts   SetOp = "prompts"   // Dataset's own prompts, or the distinct prompts of the rows Of[0]
	SetSide      SetOp = "side"      // responses of the rows Of[0]; Name chosen, rejected or responses; or Dataset's own responses
	SetGenerated SetOp = "generated" // responses of Generate
	SetUsers     SetOp = "users"     // users of Dataset; Name users or unseen_users
	SetUser      SetOp = "user"      // the user ID of Dataset, who is among Name, users or unseen_users
	SetGroup     SetOp = "group"     // users of Dataset in group Name
	SetGeneric   SetOp = "generic"   // user 0
	SetUnion     SetOp = "union"     // of Of
	SetSample    SetOp = "sample"    // N members of Of[0] by Seed
	SetPerUser   SetOp = "per_user"  // N rows of each user of the rows Of[0], by Seed
	SetOfUsers   SetOp = "of_users"  // rows Of[0] of the users Of[1]
	SetWithout   SetOp = "without"   // members of Of[0] that are not in Of[1]
)

// Set describes rows, prompts, responses or users; nothing is read until a stage runs.
type Set struct {
	Kind     SetKind
	Op       SetOp
	Dataset  *Dataset
	Generate *Generate
	Name     string
	ID       string // of one user
	Of       []*Set
	N        int
	Seed     int64
}
