import SchemaCompiler
import Testing
import Wire

/// A generated type, and the same type without generated code.
struct Twin: Sendable, CustomTestStringConvertible {
    /// Everything that can be seen of an attempt to read something.
    enum Verdict: Equatable {
        case accepted(bytes: [UInt8], json: String, shown: String, violations: [Violation])
        case refused(WireError)
        case notJSON(JSONError)

        init(_ value: some WireRecord) {
            self = .accepted(
                bytes: value.encoded(), json: String(decoding: value.json(), as: UTF8.self),
                shown: value.description, violations: value.violations())
        }
    }

    let name: String
    let fields: FieldTable
    let schema: DynamicSchema
    private let generated: @Sendable ([UInt8], Door, DecodeLimits) -> Verdict
    private let generatedJSON: @Sendable ([UInt8], JSONLimits) -> Verdict

    init<M: WireMessage>(_ type: M.Type, _ schema: DynamicSchema) {
        name = M.fullName
        fields = M.fields
        self.schema = schema
        generated = { bytes, door, limits in
            do throws(WireError) {
                return Verdict(try M(decoding: bytes, door: door, limits: limits))
            } catch {
                return .refused(error)
            }
        }
        generatedJSON = { bytes, limits in
            do throws(JSONError) {
                return Verdict(try M(jsonBytes: bytes, limits: limits))
            } catch {
                return .notJSON(error)
            }
        }
    }

    var testDescription: String { name }

    private func dynamic(_ bytes: [UInt8], _ door: Door, _ limits: DecodeLimits) -> Verdict? {
        do throws(WireError) {
            return try DynamicMessage(
                decoding: bytes, as: name, in: schema, door: door, limits: limits
            ).map { Verdict($0) }
        } catch {
            return .refused(error)
        }
    }

    private func dynamicJSON(_ bytes: [UInt8], _ limits: JSONLimits) -> Verdict? {
        do throws(JSONError) {
            return try DynamicMessage(jsonBytes: bytes, as: name, in: schema, limits: limits)
                .map { Verdict($0) }
        } catch {
            return .notJSON(error)
        }
    }

    /// Both read the bytes, at both doors; what the tolerant one says.
    @discardableResult
    func agree(
        _ bytes: [UInt8], _ comment: String, _ limits: DecodeLimits = DecodeLimits()
    ) -> Verdict {
        for door in [Door.strict, .tolerant] {
            let expected = generated(bytes, door, limits)
            let found = dynamic(bytes, door, limits)
            #expect(found == expected, "\(comment): \(door) \(bytes)")
        }
        return generated(bytes, .tolerant, limits)
    }

    func agree(
        json: [UInt8], _ comment: String, _ limits: JSONLimits = JSONLimits()
    ) {
        let found = dynamicJSON(json, limits)
        let text = String(decoding: json, as: UTF8.self)
        #expect(found == generatedJSON(json, limits), "\(comment): \(text)")
    }

    static let all: [Twin] = {
        let conformance = Compilation.golden("conformance").dynamicSchema()
        let everything = Compilation.golden("everything").dynamicSchema()
        guard let conformance, let everything else { return [] }
        return [
            Twin(BankRiskV1.AssessRequest.self, conformance),
            Twin(BankRiskV1.AssessResponse.self, conformance),
            Twin(BankRiskV1.WatchRequest.self, conformance),
            Twin(BankRiskV1.Value.self, conformance),
            Twin(BankRiskV1.Device.self, conformance),
            Twin(BankPartyV1.Card.self, conformance),
            Twin(TestEverythingV1.Scalars.self, everything),
            Twin(TestEverythingV1.Optionals.self, everything),
            Twin(TestEverythingV1.Required.self, everything),
            Twin(TestEverythingV1.Lists.self, everything),
            Twin(TestEverythingV1.Maps.self, everything),
            Twin(TestEverythingV1.Choice.self, everything),
            Twin(TestEverythingV1.Oneofs.self, everything),
            Twin(TestEverythingV1.Names.self, everything),
            Twin(TestEverythingV1.Empty.self, everything),
            Twin(TestEverythingV1.Tree.self, everything),
            Twin(TestEverythingV1.Sealed.self, everything),
            Twin(TestEverythingV1.CallRequest.self, everything),
            Twin(Foreign.InferRequest.self, everything),
            Twin(Foreign.InferRequest.Input.self, everything),
        ]
    }()
}

@Suite("Messages without generated code")
struct DynamicAgreementTests {
    private static let rounds = 150

    private func draw(_ twin: Twin, _ generator: inout SeededGenerator) -> [UInt8] {
        var arbitrary = ArbitraryRecords(generator: generator)
        let bytes = arbitrary.message(twin.fields)
        generator = arbitrary.generator
        return bytes
    }

    @Test("agree with generated code about any bytes, whole and broken", arguments: Twin.all)
    func bytes(twin: Twin) {
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: UInt64(seed))
            let drawn = draw(twin, &generator)
            let verdict = twin.agree(drawn, "seed \(seed)")
            guard case .accepted(let canonical, _, _, _) = verdict else { continue }
            twin.agree(canonical, "seed \(seed), canonical")
            for _ in 0..<8 {
                let base = Bool.random(using: &generator) ? drawn : canonical
                var mutation = Mutation(generator: generator)
                let broken = mutation.applied(to: base)
                generator = mutation.generator
                twin.agree(broken, "seed \(seed), mutated")
            }
        }
    }

    @Test("agree with generated code about any JSON, whole and broken", arguments: Twin.all)
    func json(twin: Twin) {
        for seed in 0..<Self.rounds {
            var generator = SeededGenerator(seed: UInt64(seed))
            let verdict = twin.agree(draw(twin, &generator), "seed \(seed)")
            guard case .accepted(_, let json, _, _) = verdict else { continue }
            let text = Array(json.utf8)
            twin.agree(json: text, "seed \(seed)")
            for _ in 0..<8 {
                var mutation = Mutation(generator: generator)
                let broken = mutation.applied(toText: text)
                generator = mutation.generator
                twin.agree(json: broken, "seed \(seed), mutated")
            }
        }
    }

    @Test(
        "agree with generated code about limits of depth and of unknown bytes", arguments: Twin.all)
    func limits(twin: Twin) {
        for seed in 0..<50 {
            var generator = SeededGenerator(seed: UInt64(seed))
            // A field number that no schema of the tests knows.
            let bytes = draw(twin, &generator) + [0xC2, 0x3E, 3, 1, 2, 3]
            for depth in 1...4 {
                twin.agree(bytes, "seed \(seed), depth \(depth)", DecodeLimits(depth: depth))
                twin.agree(json: Array("{}".utf8), "seed \(seed)", JSONLimits(depth: depth))
            }
            for unknownBytes in [0, 5, 6] {
                twin.agree(bytes, "seed \(seed), unknown", DecodeLimits(unknownBytes: unknownBytes))
            }
            twin.agree(bytes, "seed \(seed), size", DecodeLimits(bytes: bytes.count - 1))
        }
    }

    @Test(
        "survive binary → JSON → binary, but for NaN payloads and unknown fields",
        arguments: Twin.all)
    func throughJSON(twin: Twin) throws {
        for seed in 0..<100 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let drawn = draw(twin, &generator)
            let message = try #require(
                try DynamicMessage(
                    decoding: drawn, as: twin.name, in: twin.schema, door: .tolerant))
            let again = try #require(
                try DynamicMessage(
                    jsonBytes: message.json(), as: twin.name, in: twin.schema))
            #expect(again == message, "seed \(seed)")
            #expect(again.hashValue == message.hashValue)
        }
    }

    @Test("are compared on inputs that break nearly every rule")
    func corpus() {
        var seen: Set<WireError.Code> = []
        for twin in Twin.all {
            for seed in 0..<200 {
                var generator = SeededGenerator(seed: UInt64(seed))
                let drawn = draw(twin, &generator)
                var mutation = Mutation(generator: generator)
                let broken = mutation.applied(to: drawn)
                for door in [Door.strict, .tolerant] {
                    do throws(WireError) {
                        _ = try DynamicMessage(
                            decoding: broken, as: twin.name, in: twin.schema, door: door)
                    } catch {
                        seen.insert(error.code)
                    }
                }
            }
        }
        // The limits are compared on their own; the others need what chance rarely makes.
        let rare: Set<WireError.Code> = [
            .tooDeep, .heapExceeded, .unknownExceeded, .tooLarge, .varintTooLong, .unknownNumber,
        ]
        let missed = Set(WireError.Code.allCases).subtracting(seen).subtracting(rare)
        #expect(missed.isEmpty, "\(missed)")
    }

    @Test("cost what they may cost and no more, however small their pieces")
    func heap() throws {
        let schema = try #require(Compilation.golden("everything").dynamicSchema())
        // A list of 100,000 empty messages in 200,000 bytes.
        let bytes = [UInt8](repeating: 0, count: 100_000).flatMap { _ in [0x32, 0] as [UInt8] }
        let error = #expect(throws: WireError.self) {
            try DynamicMessage(
                decoding: bytes, as: "test.everything.v1.Names", in: schema, door: .strict,
                limits: DecodeLimits(bytes: bytes.count))
        }
        #expect(error?.code == .heapExceeded)
        let generous = DecodeLimits(heap: DynamicMessage.heap(forBytes: bytes.count))
        let message = try DynamicMessage(
            decoding: bytes, as: "test.everything.v1.Names", in: schema, door: .strict,
            limits: generous)
        #expect(message?.encoded() == bytes)
    }

    @Test("know only the types of their schema")
    func unknownType() throws {
        let schema = try #require(Twin.all.first?.schema)
        #expect(
            try DynamicMessage(decoding: [], as: "no.such.Type", in: schema, door: .strict) == nil)
        #expect(try DynamicMessage(jsonBytes: [], as: "bank.risk.v1.Channel", in: schema) == nil)
    }
}
