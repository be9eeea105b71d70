import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The screening hop as a user of Kafka Streams writes it: transfers as JSON in, every address looked up in a local set,
 * JSON with the hits out. It does less than Sluice's: no fingerprints, no coverage, no order of knowledge, and it takes
 * addresses letter by letter.
 */
public class Screen {
  public static void main(String[] args) throws Exception {
    var env = System.getenv();
    var p = new Properties();
    p.put(StreamsConfig.APPLICATION_ID_CONFIG, env.get("GROUP"));
    p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, env.get("BROKERS"));
    p.put(StreamsConfig.STATE_DIR_CONFIG, env.get("STATE"));
    p.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Integer.parseInt(env.get("THREADS")));
    p.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 200);
    p.put("auto.offset.reset", "earliest");
    p.put("max.poll.records", 10000);
    p.put("session.timeout.ms", 10000); // Streams does not leave its group when it ends
    p.put("linger.ms", 5);
    p.put("batch.size", 262144);
    p.put("acks", "all");
    Set<String> list = new HashSet<>(1 << 21);
    try (var lines = Files.lines(Path.of(env.get("LIST")))) {
      lines.forEach(list::add);
    }
    var mapper = new ObjectMapper();
    var builder = new StreamsBuilder();
    KStream<byte[], byte[]> transfers = builder.stream(env.get("IN"), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()));
    transfers
        .mapValues(value -> {
          try {
            var record = (ObjectNode) mapper.readTree(value);
            JsonNode transfer = record.get("transfer");
            ArrayNode hits = mapper.createArrayNode();
            for (String side : new String[] {"from", "to"}) {
              JsonNode addresses = transfer.get(side);
              if (addresses == null) {
                continue;
              }
              for (JsonNode address : addresses) {
                if (list.contains(address.asText())) {
                  hits.addObject().put("address", address.asText()).put("side", side);
                }
              }
            }
            for (String field : new String[] {"contract", "initiator"}) {
              JsonNode address = transfer.get(field);
              if (address != null && list.contains(address.asText())) {
                hits.addObject().put("address", address.asText()).put("side", field);
              }
            }
            if (!hits.isEmpty()) {
              record.set("hits", hits);
            }
            record.put("lists_seq", 1);
            return mapper.writeValueAsBytes(record);
          } catch (Exception e) {
            throw new RuntimeException(e);
          }
        })
        .to(env.get("OUT"), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
    var streams = new KafkaStreams(builder.build(), p);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
