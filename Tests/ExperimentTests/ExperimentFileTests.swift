import AssayMessages
import Testing

@testable import ModelCore

@Suite struct ExperimentFileTests {
    @Test("the specification's own example is read as it stands")
    func example() throws {
        let found = try ExperimentSample.file().specification
        #expect(found.experiment == "card-challenger")
        #expect(found.revision == 3)
        #expect(found.arms.map(\.version) == [17, 18])
        #expect(found.arms.map(\.control) == [true, false])
        #expect(found.slots == .init(from: 0, to: 4_000))
        #expect(found.ramp.map(\.holdSeconds) == [86_400, 259_200, 1_209_600])
        #expect(
            found.metrics.map(\.kind) == [.ratio, .proportion, .proportion, .quantile, .fairness])
        #expect(found.metrics[0].maturitySeconds == 30 * 86_400)
        #expect(found.metrics[3].quantile == 0.99)
        #expect(found.stop == .init(onSrm: .halt, onGuardrail: .control, onSuccess: .propose))
        #expect(found.violations().isEmpty)
    }

    @Test(
        "each mistake is told with its line, its column and what was expected",
        arguments: [
            (
                "version: 18, weight: 5000", "version: 18, weight: 4000",
                "x.yaml:13:7: arms: weights are basis points and add up to 10000, found 5000 + 4000 = 9000"
            ),
            (
                "channel == ", "chanel == ",
                "x.yaml:14:13: targeting: unknown attribute 'chanel'; nearest are channel, country, kind"
            ),
            (
                "allocation: 500", "alocation: 500",
                "x.yaml:12:1: an experiment: unknown key \"alocation\"; did you mean \"allocation\""
            ),
            (
                "allocation: 500", "alocation: 500",
                "x.yaml:1:1: an experiment: \"allocation\" is missing"
            ),
            (
                "version: 18, weight: 5000", "version: 18, weight: 5000, control: true",
                "x.yaml:13:7: arms: exactly one is the control (control: true), found 2"
            ),
            (
                "to: 4000", "to: 0", "x.yaml:11:8: slots: from 0 to 0 holds nobody"
            ),
            (
                "to: 4000", "to: 10001", "x.yaml:11:22: slots.to: expected 0 to 10000, found 10001"
            ),
            (
                "arm: challenger}", "arm: chalenger}",
                "x.yaml:15:40: overrides[0].arm: no arm \"chalenger\"; did you mean \"challenger\"?"
            ),
            (
                "allocation: 500, hold", "allocation: 90, hold",
                "ramp[1].allocation: a ramp rises, 90 is not over 100"
            ),
            (
                "allocation: 500\n", "allocation: 400\n",
                "x.yaml:12:13: allocation: 400 is no step of the ramp, which has 100, 500, 10000"
            ),
            (
                ", worst: 300", "", "metrics[3]: a quantile states \"worst\""
            ),
            (
                "name: challenger,", "name: control,",
                "arms[1].name: another arm is called \"control\""
            ),
            (
                "hold: 24h", "hold: soon",
                "ramp[0].hold: expected a time such as 90s, 15m, 24h or 30d, found \"soon\""
            ),
            (
                "unit_fallback: card", "unit_fallback: customer",
                "x.yaml:9:16: unit_fallback: the unit itself is no fallback"
            ),
            (
                "role: primary", "role: secondary",
                "metrics: none has the role primary, so nothing would be decided"
            ),
            (
                "numerator: outcome.fraud_amount", "numerator: result.fraud_amount",
                "expected a name after event., decision., outcome., found \"result.fraud_amount\""
            ),
            (
                "shadow.control.probability", "shadow.challenger.probability",
                "the control's, for the units of all arms"
            ),
            (
                "experiment: card-challenger", "experiment: Card Challenger",
                "x.yaml:1:13: experiment: \"Card Challenger\" is no name"
            ),
            ("revision: 3", "revision: 0", "x.yaml:2:11: revision: expected 1 to"),
            ("alpha: 0.05", "alpha: 0.9", "analysis.alpha: expected above 0 and below 0.5"),
            ("on_srm: halt", "on_srm: panic", "stop.on_srm: expected none, halt, control"),
            (
                "'channel == \"ecommerce\" &&", "'true ||",
                "targeting: the condition is always true"
            ),
            ("sticky: hash", "sticky: [hash", "x.yaml:18:"),
            ("fraud-models@", "fraud\u{1B}[31m@", "x.yaml:4:13: a control character, U+1b"),
            ("owner: fraud", "epoch: 2\nowner: fraud", "the same key twice: epoch"),
        ])
    func mistakes(_ old: String, _ new: String, _ expected: String) {
        let problems = ExperimentSample.problems((old, new))
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test("a byte order mark and line ends of another system are read as if they were not there")
    func otherEditors() throws {
        let own = try ExperimentSample.file().specification
        let text = "\u{FEFF}" + ExperimentSample.text.replacing("\n", with: "\r\n")
        #expect(try ExperimentFile(yaml: text, name: "x.yaml").specification == own)
    }

    @Test("every mistake of a file is told at once, in the order of its lines")
    func severalMistakes() {
        let problems = ExperimentSample.problems(
            ("revision: 3", "revision: x"), ("to: 4000", "to: -1"), ("alpha: 0.05", "alpha: 1"))
        #expect(problems.count == 3)
        #expect(problems.map { $0.split(separator: ":")[1] } == ["2", "11", "26"])
    }

    @Test("texts that are no file, or ask for too much, are refused with a reason")
    func hostile() {
        let texts = [
            "", "[]", "text", "\u{0}", "a: &a [*a]", "a: *b", "---\na: 1\n---\nb: 2",
            String(repeating: "[", count: 100_000), String(repeating: "- ", count: 5_000) + "a",
            "x: " + String(repeating: "y", count: 300_000), "? [a]\n: b", "a: !!binary x",
            "arms: &x [1, 2]\nmetrics: *x",
        ]
        for text in texts {
            #expect(throws: FileProblems.self, "\(text.prefix(20))") {
                try ExperimentFile(yaml: text, name: "x.yaml")
            }
        }
    }

    @Test("a file cut off or with a byte changed is read or refused, never worse")
    func damaged() {
        let bytes = Array(ExperimentSample.text.utf8)
        for length in stride(from: 0, to: bytes.count, by: 7) {
            readOrRefuse(String(decoding: bytes[..<length], as: UTF8.self))
        }
        for position in stride(from: 0, to: bytes.count, by: 5) {
            for byte: UInt8 in [0, 0x22, 0x2A, 0x5B, 0x7B, 0x3A, 0xFF] {
                var changed = bytes
                changed[position] = byte
                readOrRefuse(String(decoding: changed, as: UTF8.self))
            }
        }
    }

    /// Each problem has a place in the file; what is read passes the checks of the message it became.
    private func readOrRefuse(_ text: String) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).count
        do {
            let file = try ExperimentFile(yaml: text, name: "x.yaml")
            #expect(file.specification.violations().isEmpty, "\(text)")
        } catch {
            #expect(!error.problems.isEmpty)
            for problem in error.problems {
                #expect(problem.file == "x.yaml" && !problem.message.isEmpty, "\(problem)")
                #expect((1...lines + 1).contains(problem.line) && problem.column >= 1, "\(problem)")
            }
        }
    }

    @Test("a list repeated by reference a million times costs nothing")
    func aliasBomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let reference = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(reference)]\n"
        }
        text += "arms: *a12\nmetrics: *a12\nramp: *a12\noverrides: *a12\n"
        #expect(throws: FileProblems.self) { try ExperimentFile(yaml: text, name: "x.yaml") }
    }
}
