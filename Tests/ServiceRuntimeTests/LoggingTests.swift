import Foundation
import Logging
import ServiceRuntime
import Synchronization
import Testing

@Suite("Log lines")
struct LoggingTests {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        var output: LogOutput {
            LogOutput { line in
                self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }
    }

    private func logged(_ body: (inout Logger) -> Void) -> [String] {
        let lines = Lines()
        var logger = Logger(label: "assay-test") { label in
            JSONLogHandler(
                label: label, level: .info, output: lines.output,
                now: { WallClockTime(microseconds: 1_777_627_800_000_125) })
        }
        body(&logger)
        return lines.all
    }

    @Test("a record is one line of JSON with its fields in order")
    func line() {
        let lines = logged { logger in
            logger[metadataKey: "b"] = "fixed"
            logger.info(
                "served",
                metadata: [
                    "a": .stringConvertible(7), "list": ["x", .stringConvertible(true)],
                    "nested": ["k": "v"],
                ])
            logger.debug("hidden")
        }
        #expect(
            lines == [
                #"{"ts":"2026-05-01T09:30:00.000125Z","level":"info","logger":"assay-test","#
                    + #""event":"served","a":7,"b":"fixed","list":["x",true],"nested":{"k":"v"}}"#
                    + "\n"
            ])
    }

    @Test("text from outside forges neither a line nor a field")
    func forgery() throws {
        let evil = "x\"},{\n{\"level\":\"error\"\r\u{0}\u{1b}[2J\u{85}\u{2028}\\"
        let lines = logged { logger in
            logger.warning("\(evil)", metadata: ["level": "\(evil)", "ts": "0"])
        }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.split(whereSeparator: \.isNewline).count == 1)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
        #expect(object?["event"] == evil)
        #expect(object?["level"] == "warning")
        #expect(object?["field_level"] == evil)
    }

    @Test("a huge value is cut")
    func huge() {
        let lines = logged { $0.info("\(String(repeating: "é", count: 100_000))") }
        #expect((lines.first?.utf8.count ?? 0) < 9000)
    }

    @Test(
        "civil time",
        arguments: [
            (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
        ] as [(Int64, String)])
    func civilTime(microseconds: Int64, text: String) {
        #expect(WallClockTime(microseconds: microseconds).description == text)
    }
}
