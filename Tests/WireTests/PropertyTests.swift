import Testing

@testable import Wire

/// The properties P1 to P4, P7 and P8 of the wire format, on random values and random damage.
@Suite struct PropertyTests {
    static let seeds: [UInt64] = Array(1...100)

    @Test(arguments: seeds)
    func `P2: the strict door gives back what was encoded`(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let request = values.assessRequest()
        #expect(try AssessRequest(decoding: request.encoded(), door: .strict) == request)
        let sampler = values.sampler()
        #expect(try Sampler(decoding: sampler.encoded(), door: .strict) == sampler)
        #expect(try Sampler(decoding: sampler.encoded(), door: .tolerant) == sampler)
        #expect(sampler.encoded(prefix: 5) == [0, 0, 0, 0, 0] + sampler.encoded())
    }

    @Test(arguments: seeds)
    func `P1: what the strict door accepts is the encoding of what it gives`(seed: UInt64) {
        var values = RandomValues(seed: seed)
        let original = values.chance(2) ? values.assessRequest().encoded() : workedBytes
        for _ in 0..<200 {
            let bytes = damaged(original, &values)
            if let request = try? AssessRequest(decoding: bytes, door: .strict) {
                #expect(request.encoded() == bytes)
            }
        }
        let sample = values.sampler().encoded()
        for _ in 0..<50 {
            let bytes = damaged(sample, &values)
            if let sampler = try? Sampler(decoding: bytes, door: .strict) {
                #expect(sampler.encoded() == bytes)
            }
        }
    }

    @Test(arguments: seeds)
    func `P3: the tolerant door understands every layout, and its result is canonical`(
        seed: UInt64
    ) throws {
        var values = RandomValues(seed: seed)
        let request = values.assessRequest()
        let sampler = values.sampler(depth: 2)
        var loosener = Loosener(values: values)
        for _ in 0..<10 {
            let loose = loosener.loosen(request.encoded(), AssessRequest.fields)
            #expect(try AssessRequest(decoding: loose, door: .tolerant) == request)
            let looseSampler = loosener.loosen(sampler.encoded(), Sampler.fields)
            #expect(try Sampler(decoding: looseSampler, door: .tolerant) == sampler)
        }
    }

    @Test(arguments: seeds)
    func `P3: whatever the tolerant door accepts can be encoded for the strict one`(
        seed: UInt64
    ) throws {
        var values = RandomValues(seed: seed)
        let original = values.assessRequest().encoded()
        let sample = values.sampler(depth: 1).encoded()
        for _ in 0..<200 {
            if let loose = try? AssessRequest(decoding: damaged(original, &values), door: .tolerant)
            {
                let canonical = loose.encoded()
                #expect(try AssessRequest(decoding: canonical, door: .strict) == loose)
                #expect(try AssessRequest(decoding: canonical, door: .tolerant) == loose)
            }
            if let loose = try? Sampler(decoding: damaged(sample, &values), door: .tolerant) {
                #expect(try Sampler(decoding: loose.encoded(), door: .strict) == loose)
            }
        }
    }

    @Test(arguments: seeds)
    func `P4: a round trip through an older schema keeps every byte`(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let bytes = values.assessRequest().encoded()
        let old = try OldRequest(decoding: bytes, door: .strict)
        #expect(old.encoded() == bytes)
        #expect(try OldRequest(decoding: bytes, door: .tolerant) == old)
        let limits = DecodeLimits(unknownBytes: 1 << 20)
        let sample = values.sampler().encoded()
        let device = try OldDevice(decoding: sample, door: .strict, limits: limits)
        #expect(device.encoded() == sample)
    }

    @Test(arguments: seeds)
    func `P7: binary to JSON and back is the identity, but for NaN payloads`(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let request = values.assessRequest()
        let readBack = try AssessRequest(jsonBytes: request.json())
        #expect(readBack.encoded() == withPlainNaNs(request).encoded())
        let sampler = values.sampler()
        let sampleBack = try Sampler(jsonBytes: sampler.json())
        #expect(sampleBack.json() == sampler.json())
        #expect(sampleBack.encoded() == withPlainNaNs(sampler).encoded())
    }

    @Test(arguments: seeds)
    func `P8: values are equal exactly if their encodings are`(seed: UInt64) {
        var values = RandomValues(seed: seed)
        for _ in 0..<50 {
            let (a, b) = (values.value(), values.value())
            #expect((a == b) == (a.encoded() == b.encoded()))
            #expect(a == a)
            if a == b { #expect(a.hashValue == b.hashValue) }
            let (left, right) = (Device(os: values.text()), Device(os: values.text()))
            #expect((left == right) == (left.encoded() == right.encoded()))
            var first = AssessRequest(amount: "1".money, occurredAt: .blank())
            var second = first
            first.features = [values.double()]
            second.features = [values.double()]
            first.attributes = [values.text(): a]
            second.attributes = [values.text(): b]
            #expect((first == second) == (first.encoded() == second.encoded()))
        }
    }

    @Test func `P8: strings that Swift calls equal are different keys and values`() {
        let map: WireMap<String, String> = ["é": "NFC", "e\u{301}": "NFD"]
        #expect(map.count == 2)
        #expect(map["é"] == "NFC")
        #expect(map["e\u{301}"] == "NFD")
        #expect(Device(os: "é") != Device(os: "e\u{301}"))
        // UTF-16 would order these two the other way round.
        let keys: WireMap<String, Bool> = ["\u{10000}": true, "\u{FFFD}": true]
        #expect(keys.keys == ["\u{FFFD}", "\u{10000}"])
    }

    @Test(arguments: seeds)
    func `the strict door takes exactly what the tolerant one writes back unchanged`(seed: UInt64) {
        var values = RandomValues(seed: seed)
        let noise = (0..<64).map { _ in UInt8(truncatingIfNeeded: values.random.next()) }
        expectVerdict(AssessRequest.self, noise)
        expectVerdict(Sampler.self, noise)
        expectVerdict(Value.self, noise)
        let bytes = values.sampler().encoded()
        for _ in 0..<100 { expectVerdict(Sampler.self, damaged(bytes, &values)) }
    }

    private func expectVerdict<M: WireMessage>(_ type: M.Type, _ bytes: [UInt8]) {
        let strict = try? M(decoding: bytes, door: .strict)
        let tolerant = try? M(decoding: bytes, door: .tolerant)
        #expect(strict == (tolerant?.encoded() == bytes ? tolerant : nil), "\(bytes)")
    }

    @Test(arguments: seeds)
    func `damaged JSON is refused, or means what its own JSON says`(seed: UInt64) throws {
        var values = RandomValues(seed: seed)
        let json = values.sampler(depth: 1).json()
        for _ in 0..<100 {
            guard let sampler = try? Sampler(jsonBytes: damaged(json, &values)) else { continue }
            #expect(try Sampler(jsonBytes: sampler.json()) == sampler)
            #expect(try Sampler(decoding: sampler.encoded(), door: .strict) == sampler)
        }
    }

    /// One or a few random changes: bits, bytes, cuts, copies.
    private func damaged(_ bytes: [UInt8], _ values: inout RandomValues) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<(values.chance(3) ? 3 : 1) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &values.random)
            switch Int.random(in: 0..<6, using: &values.random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &values.random)
            case 1: bytes[at] = values.pick([0, 1, 0x7F, 0x80, 0xFF])
            case 2: bytes.removeSubrange(at...)
            case 3: bytes.remove(at: at)
            case 4: bytes.insert(values.pick([0, 0x80, 0x08, 0x12]), at: at)
            default:
                let end = min(bytes.count, at + Int.random(in: 1...12, using: &values.random))
                bytes.insert(contentsOf: bytes[at..<end], at: values.pick([at, end, bytes.count]))
            }
        }
        return bytes
    }

    private func plain(_ value: Double) -> Double { value.isNaN ? .nan : value }

    private func withPlainNaNs(_ request: AssessRequest) -> AssessRequest {
        var request = request
        request.features = request.features.map(plain)
        for entry in request.attributes {
            if case .number(let value) = entry.value {
                request.attributes[entry.key] = .number(plain(value))
            }
        }
        return request
    }

    private func withPlainNaNs(_ sampler: Sampler) -> Sampler {
        var sampler = sampler
        sampler.float = sampler.float.isNaN ? .nan : sampler.float
        sampler.double = plain(sampler.double)
        sampler.floats = sampler.floats.map { $0.isNaN ? .nan : $0 }
        for entry in sampler.byFlag { sampler.byFlag[entry.key] = plain(entry.value) }
        sampler.children = sampler.children.map { withPlainNaNs($0) }
        return sampler
    }
}

extension Decimal64 {
    var money: Money { Money(self, "EUR") }
}

extension String {
    var money: Money { Money(Decimal64(self) ?? .zero, "EUR") }
}
