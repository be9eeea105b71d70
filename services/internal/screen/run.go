package screen

import (
	"context"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

const refresh = time.Second

// Run shows snapshot's model, fetched anew each second, until ctx ends or somebody presses q or ctrl+c; then it calls
// stop and returns. in and out are the terminal.
func Run(ctx context.Context, in io.Reader, out io.Writer, snapshot func() Model, stop func()) error {
	defer stop()
	p := tea.NewProgram(view{snapshot: snapshot, model: snapshot()}, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	_, err := p.Run()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

type view struct {
	snapshot      func() Model
	model         Model
	width, height int
}

type tickMsg time.Time

func tick() tea.Cmd { return tea.Tick(refresh, func(t time.Time) tea.Msg { return tickMsg(t) }) }

func (v view) Init() tea.Cmd { return tick() }

func (v view) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		v.width, v.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		if s := msg.String(); s == "q" || s == "ctrl+c" {
			return v, tea.Quit
		}
	case tickMsg:
		v.model = v.snapshot()
		return v, tick()
	}
	return v, nil
}

func (v view) View() tea.View {
	width, height := v.width, v.height
	if width == 0 || height == 0 {
		width, height = 100, 30
	}
	screen := tea.NewView(Frame(v.model, width, height))
	screen.AltScreen = true
	return screen
}
