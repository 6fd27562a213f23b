import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("Reading the values of a request")
struct InputReadingTests {
    private typealias Flag = AssayModelsV1.InputFlag

    @Test("a training sentinel is a missing value, and flagged")
    func sentinels() throws {
        let version = try SmallVersion.make([
            SmallVersion.number("a") { $0.sentinels = [-999, -1] }, SmallVersion.number("b"),
        ])
        let missing = try version.predict([.nan, 1])
        #expect(missing.margin == [2.5] && missing.flags.isEmpty)
        for sentinel in [-999.0, -1] {
            let response = try version.predict([sentinel, 1])
            #expect(response.margin == missing.margin)
            #expect(response.flags == [Flag(field: "a", notice: .missing)])
        }
        #expect(try version.predict([-998, 1]).margin == [-995.5])
    }

    @Test("a number outside its range is accepted, clamped or refused, as the version says")
    func ranges() throws {
        func version(_ policy: AssayModelsV1.RangePolicy) throws -> ServingVersion {
            try SmallVersion.make([
                SmallVersion.number("a") {
                    $0.range = .init(lowest: 0, highest: 10, policy: policy)
                }, SmallVersion.number("b"),
            ])
        }
        let accepted = try version(.accept).predict([20, 0])
        #expect(accepted.margin == [20.5])
        #expect(accepted.flags == [Flag(field: "a", notice: .outOfRange)])
        let clamped = try version(.clamp).predict([-5, 0])
        #expect(clamped.margin == [0.5])
        #expect(clamped.flags == [Flag(field: "a", notice: .clamped)])
        let error = refusal { try version(.reject).predict([10.5, 0]) }
        #expect(error.code == .invalidArgument)
        #expect(error.message == "values[0] a: expected 0.0 to 10.0, got 10.5")
        for inside in [0.0, 10] {
            #expect(try version(.reject).predict([inside, 0]).flags.isEmpty)
        }
        let open = refusal {
            try SmallVersion.make([
                SmallVersion.number("a") { $0.range = .init(lowest: 1, policy: .unspecified) },
                SmallVersion.number("b"),
            ])
        }
        #expect(open.message.contains("expected accept, clamp or reject"))
    }

    @Test("an infinite value is refused unless the version allows it")
    func infinities() throws {
        let strict = try SmallVersion.make()
        #expect(
            refusal { try strict.predict([0, .infinity]) }.message
                == "values[1] b: expected a number, got inf")
        let wide = try SmallVersion.make([
            SmallVersion.number("a"), SmallVersion.number("b") { $0.allowsInfinities = true },
        ])
        // The margin is infinite then, and never leaves.
        let error = refusal { try wide.predict([0, -.infinity]) }
        #expect(error.code == .internal && error.reason == "non_finite_margin")
    }

    @Test("statuses that the version refuses are errors, stale values are flagged")
    func statuses() throws {
        let version = try SmallVersion.make([
            SmallVersion.number("a") { $0.refusedStatuses = [.unavailable, .stale] },
            SmallVersion.number("b"),
        ])
        for (status, name) in [(3, "unavailable"), (0x08, "stale")] as [(UInt8, String)] {
            let error = refusal { try version.predict([1, 1]) { $0.status = [status, 0] } }
            #expect(
                error.message
                    == "values[0] a: the model takes no value whose status is \(name)")
        }
        let stale = try version.predict([1, 1]) { $0.status = [0, 0x08] }
        #expect(stale.margin == [3.5] && stale.flags == [Flag(field: "b", notice: .stale)])
        let absent = try version.predict([1, 1]) { $0.status = [2, 0] }
        #expect(absent.margin == [2.5] && absent.flags.isEmpty)
    }

    @Test("a text outside the vocabulary is missing where the version says so")
    func unknownTexts() throws {
        let category = SmallVersion.Field(
            name: "a", kind: .category, nullable: true, vocabulary: ["x", "y"],
            unknownText: .missing)
        let version = try SmallVersion.make([category, SmallVersion.number("b")])
        let response = try version.predict([.nan, 1]) {
            $0.texts = [.init(field: "a", text: "z")]
        }
        #expect(response.margin == [2.5])
        #expect(response.flags == [Flag(field: "a", notice: .unknownCategory)])
        let known = try version.predict([.nan, 1]) { $0.texts = [.init(field: "a", text: "y")] }
        #expect(known.margin == [3.5] && known.flags.isEmpty)
    }

    @Test("the inputs are found by name among the fields of the vector that callers send")
    func vector() throws {
        let version = try SmallVersion.make { manifest in
            manifest.vector = "wide@3"
            manifest.vectorFingerprint = Array(1...32)
            manifest.vectorFields = ["other", "b", "more", "a"]
        }
        let fingerprint: UInt64 = 0x0102_0304_0506_0708
        let response = try version.predict([100, 7, 100, 1]) { $0.vector = fingerprint }
        #expect(response.margin == [15.5])
        #expect(try version.predict([1, 7]).margin == response.margin)
        let place = refusal {
            try version.predict([100, .infinity, 100, 1]) { $0.vector = fingerprint }
        }
        #expect(place.message == "values[1] b: expected a number, got inf")
        let count = refusal { try version.predict([1, 7]) { $0.vector = fingerprint } }
        #expect(count.message == "values: expected 4 values, one per field of the vector, got 2")
        let lacking = refusal {
            try SmallVersion.make {
                $0.vector = "v@1"
                $0.vectorFields = ["a", "bb"]
            }
        }
        #expect(
            lacking.message == "manifest.inputs[1]: the vector has no field \"b\"; did you mean "
                + "\"a\", \"bb\"?")
    }

    @Test("a manifest that promises what the model cannot do is refused by field")
    func manifest() {
        func message(_ fields: [SmallVersion.Field]) -> String {
            refusal { try SmallVersion.make(fields) }.message
        }
        let b = SmallVersion.number("b")
        #expect(
            message([SmallVersion.number("a") { $0.range = .init(lowest: 2, highest: 1) }, b])
                == "manifest.inputs[0].range: a: from 2.0 to 1.0")
        #expect(
            message([
                SmallVersion.number("a") {
                    $0.nullable = false
                    $0.sentinels = [-1]
                }, b,
            ]) == "manifest.inputs[0].sentinels: a: only a number that may be missing has sentinels"
        )
        #expect(message([SmallVersion.number("a")]).hasPrefix("the model") == false)
    }
}
