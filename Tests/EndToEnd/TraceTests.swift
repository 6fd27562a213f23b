import Foundation
import TestSupport
import Testing

@Suite("A decision as a trace", .serialized)
struct TraceTests {
    private struct Line: Decodable {
        let service: String
        let trace: String
        let span: String
        let parent: String
        let name: String
        let kind: Int
    }

    @Test(
        "gateway, risk and features are one tree at a collector of another make",
        .enabled(if: PythonClient.find() != nil))
    func tree() async throws {
        let client = try #require(PythonClient.find())
        let collector = try ChildProcess(
            client.interpreter,
            ["\(PackageLayout.root)/Tests/ObservabilityTests/collector.py"])
        let ready = try await collector.line { $0.hasPrefix("ready ") }
        let assay = try await AssayUnderTest(environment: [
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(ready.dropFirst(6))",
            "OTEL_TRACES_SAMPLER_ARG": "1",
        ])
        _ = try await client.assess(assay, key: assay.key("default"), ["--request-id", "traced-1"])
        _ = await assay.stop()
        let lines = try collector.standardOutput.split(separator: "\n").dropFirst().map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        collector.terminate()
        let bySpan = Dictionary(uniqueKeysWithValues: lines.map { ($0.span, $0) })
        let features = lines.filter {
            $0.service == "assay-features" && $0.kind == 2 && $0.name.hasSuffix("/ScoreEvent")
        }
        #expect(!features.isEmpty)
        for leaf in features {
            var services = [leaf.service]
            var line = leaf
            while let parent = bySpan[line.parent] {
                if parent.service != services.last { services.append(parent.service) }
                #expect(parent.trace == leaf.trace)
                line = parent
            }
            #expect(services == ["assay-features", "assay-risk", "assay-gateway"])
            #expect(line.parent.isEmpty)
        }
    }
}
