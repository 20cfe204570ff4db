// Package torch runs numeric jobs on one device: Train, Adapt, Logps, Generate. Plain Go values go in and come out; no tensor,
// Arrow record or spec crosses this line.
//
// Read jobs.go for what can be asked, train.go for the training loop, pack.go for how comparisons become packed tokens.
// Without the build tag libtorch every job returns ErrDisabled, so the rest of prlhf builds and tests without libtorch.
package torch

import (
	"context"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// Device says where and how a job computes.
type Device struct {
	Kind    string // "cpu" or "cuda"
	Threads int    // CPU threads; part of fingerprints, since sums depend on it
}

// PolicyFiles says where a policy's weights are. As the base of a training job it stands for the weights alone: the user
// model of the base is left out, as the reference model has none.
type PolicyFiles struct {
	Model    string   // Hugging Face folder
	Adapters []string // PEFT adapter folders, merged into the weights in this order before anything else
	Policy   string   // folder that Train filled: model/ (all weights; then Model and Adapters are not read) or adapter/, user_model.safetensors, policy.json; "" for a bare model
	Users    string   // folder that Adapt filled: its user model stands in for that of Policy; "" for none
}

// Example is one row as token ids: a prompt and one response (sft, unpaired kto), chosen and rejected (preference
// objectives, reward), or none (rloo, grpo, ppo: the policy writes them).
// Prompt has no BOS (the job's BOS is put before the soft prompt); responses include the end token.
type Example struct {
	Row       int64     // row number in the table it came from, for messages
	User      int32     // 0 generic, 1..m; NoUser: without a soft prompt, as the reference model
	UserText  []int32   // f_ex(u^t); empty: none
	Prompt    []int32   // x
	Responses [][]int32 // y, or y_w, y_l
	Reference []float64 // summed reference log-probs, one per response; nil where the objective needs none
	Offset    int64     // added to every position; 0 but where another program's left padding is reproduced: it shifts learned positions (GPT-Neo, GPT-2)

	Desirable         []bool    // kto: which responses are liked; nil: the first is, the second is not
	Mismatch          []int32   // kto: a response of another row, for the estimate of z0
	MismatchReference float64   // its summed reference log-prob after this row's prompt
	Rater             RaterUser // rloo, grpo, ppo: whose reward the texts get
	Group             int32     // of the row's user, from 0; used where groups are weighed
}

// RaterUser is a user as the reward model knows them.
type RaterUser struct {
	User     int32 // 0 generic, 1..m of the reward model
	UserText []int32
}

// Examples is random access to rows; At may be called from one goroutine at a time.
type Examples interface {
	Len() int
	At(i int) (Example, error)
}

// Inputs are what every job on a policy needs.
type Inputs struct {
	Policy    PolicyFiles
	Device    Device
	Precision string // fp32 bf16
	BOS       int32  // -1: the tokenizer has none
	Budget    int    // tokens per micro-batch; 0: chosen for the device
}

// TrainJob is one training run with one seed.
type TrainJob struct {
	Inputs
	Data              Examples
	UserModel         usermodel.Config // Kind "" is vanilla: no user model, one pass
	Users             int              // m: number of known users, rows 1..m of the table
	Clusters          []int            // [m] cluster of each known user, from 0; for Weights "given"
	StartIDs          []int32          // token ids of start_text, for Start "text"
	Objective         objective.Config
	GenericKeepsText  bool
	Groups            int            // number of groups that Objective.GroupStep weighs
	LoRA              *lm.LoRAConfig // nil: all weights; Rank 0: user model only
	Steps             int
	BatchSize         int  // examples per optimizer step
	InOrder           bool // rows as they lie in Data instead of shuffled by seed: for benchmarks beside other programs
	Optimizer         Optimizer
	StopNorm          float64 // norm of the gradient over all rows, looked at once an epoch, at which training ends; 0: never
	RL                *RL     // rloo, grpo, ppo
	Evaluate          *Evaluation
	KeepBest          bool
	Seed              int64
	ReferenceUserText bool   // the stored reference log-probs were computed with the user's text in the input
	CheckReference    bool   // before step 1, compare the stored reference log-probs with the policy without adapter and user
	Out               string // folder to fill: see docs/formats.md (policy folder)
	Checkpoints       string // folder for checkpoints; a run that finds one there goes on from it
	CheckpointEvery   int    // steps
}

// Optimizer is decoupled AdamW with a schedule; see dsl.Optimizer for the units.
type Optimizer struct {
	LR, WeightDecay, MaxGradNorm, UserLR, UserWeightDecay float64
	Beta1, Beta2, Eps                                     float64
	Schedule                                              string
	WarmupSteps                                           int
}

// RL is what rloo, grpo and ppo need besides: where rewards come from, how texts are drawn, and the guards against a
// policy that only learns to please the reward model (design.md section 2). Steps of such a job are batches of texts, of
// BatchSize prompts each; learning rate and checkpoints go by them. A text that ends has its end token as its last token,
// for the reward and for the log-probs; one that reaches MaxNewTokens is scored and trained on as it is, cut.
type RL struct {
	Reward   PolicyFiles // a reward model with the policy's tokenizer
	EOS      []int32
	Samples  int      // texts per prompt and user; rloo and grpo compare them, so 2 or more
	Sampling Sampling // temperature 1 and nothing else, for the gradient is that of the policy itself; MaxNewTokens caps the length
	Clip     float64  // epsilon of the probability ratio: of the whole text (rloo) or of each token (grpo, ppo); ppo: of the values too
	Passes   int      // optimizer steps per batch of texts; at 1 every text is of the policy that learns from it, and no ratio is clipped
	KLTarget float64  // nats per text; beta is adapted to keep the KL near it; 0: beta is fixed
}

// Evaluation asks for accuracies during training.
type Evaluation struct {
	Data  Examples // users indexed as in training; 0 for unseen
	Every int      // optimizer steps
}

// Point is one value of a training curve.
type Point struct {
	Step  int
	Name  string // loss lr grad_norm chosen_logps rejected_logps (reward models: chosen_reward rejected_reward) margin accuracy full_grad_norm; of evaluation: top generic average; of RL: reward kl entropy length clipped beta
	Value float64
}

// Progress is told after every optimizer step (training) or micro-batch (other jobs).
type Progress struct {
	Done, Total int
	Tokens      int64 // tokens processed so far, soft prompts included
	Note        string
	Points      []Point // this step's values
}

// TrainResult is what a run ended with.
type TrainResult struct {
	Steps             int
	Kept              int     // step after which the kept weights were taken; 0: the start (RL)
	PromptShift       float64 // mean |change| of summed response log-probs that the untrained soft prompt causes; 0 without one
	Points            []Point // all curves, those from before a resume included
	UserParameters    int64
	AdapterParameters int64 // or all weights, when all are trained
}

// AdaptJob fits the user parameters of users who were not in training, everything else frozen: offsets where the user model
// is individualized, weights where it is cluster. Each user's loss is the mean over their own comparisons, so users do not
// change one another.
type AdaptJob struct {
	Inputs
	Data      Examples // users 1..Users are the new ones; a user may have no row and then stays as user 0 is
	Users     int
	Objective objective.Config
	Steps     int
	LR        float64
	Out       string // folder to fill for PolicyFiles.Users: user_model.safetensors and policy.json
}

// LogpsJob scores responses under a policy.
type LogpsJob struct {
	Inputs
	Data Examples
}

// Logp is the score of one example.
type Logp struct {
	Row    int64
	Sums   []float64 // summed log-prob per response; of a reward model the response's reward
	Tokens []int     // response lengths, end token included
}

// GenerateJob writes texts. Prompts carry their user.
type GenerateJob struct {
	Inputs
	Prompts []GeneratePrompt
	EOS     []int32
	Samples int
	Seed    int64
	Sample  Sampling
	Batch   int                    // sequences decoded together; 0: chosen for the device
	Ends    func(ids []int32) bool // asked with a text's new ids after each of them: does the text end here? nil: end tokens and limits alone decide
}

// GeneratePrompt is one request.
type GeneratePrompt struct {
	Key          int64 // keys the random numbers: the prompt's number, the same for each user
	User         int32
	UserText     []int32
	Prompt       []int32
	Offset       int64   // as in Example
	MaxNewTokens int     // of this prompt's texts; 0: the limit of the job's Sampling
	History      []int32 // what the repetition penalty and n-gram blocking see before the first token; nil: BOS, user text and prompt. Others' prompts hold more ids than ours
}

// Sampling is how tokens are drawn; Temperature 0 is greedy.
type Sampling struct {
	Temperature, TopP, MinP    float64
	TopK                       int
	MinNewTokens, MaxNewTokens int
	RepetitionPenalty          float64
	NoRepeatNgram              int
}

// Generated is one text as ids, end token not included.
type Generated struct {
	Prompt   int // index into GenerateJob.Prompts
	Sample   int
	IDs      []int32
	Finished bool // an end token came before the limit, or Ends said so
}

// Train runs a job. It resumes from Checkpoints, tells progress after every step, and returns when Out is complete.
func Train(ctx context.Context, job TrainJob, progress func(Progress)) (TrainResult, error) {
	return train(ctx, job, progress)
}

// Adapt fits new users to a trained policy and fills job.Out.
func Adapt(ctx context.Context, job AdaptJob, progress func(Progress)) error {
	return adapt(ctx, job, progress)
}

// Logps calls yield for every example, in the order of Data.
func Logps(ctx context.Context, job LogpsJob, progress func(Progress), yield func(Logp) error) error {
	return logps(ctx, job, progress, yield)
}

// Generate returns one text per prompt and sample, in that order.
func Generate(ctx context.Context, job GenerateJob, progress func(Progress)) ([]Generated, error) {
	return generate(ctx, job, progress)
}
