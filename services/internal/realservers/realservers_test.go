package realservers

import "testing"

func TestServersAnswerAndEndWithTheTest(t *testing.T) {
	t.Run("redis", func(t *testing.T) { t.Log(Redis(t)) })
	t.Run("kafka", func(t *testing.T) {
		n := KafkaServer(t)
		n.Kill()
		n.Start() // the same folder and port, after a crash
	})
}
