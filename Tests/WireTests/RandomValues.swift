@testable import Wire

/// Random values that lean towards the edges: empty, zero, extreme, and strings that only UTF-8 tells apart.
struct RandomValues {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
    mutating func count(_ most: Int) -> Int {
        chance(2) ? 0 : Int.random(in: 0...most, using: &random)
    }

    mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func list<T>(_ most: Int, _ element: (inout RandomValues) -> T) -> [T] {
        (0..<count(most)).map { _ in element(&self) }
    }

    mutating func text() -> String {
        pick([
            "", "a", "ab", "b", "é", "e\u{301}", "\u{FFFD}", "\u{10000}", "\u{1F600}", "\0",
            "\"\\\n\u{1}",
            "exactly15 bytes", "exactly 16 bytes", String(repeating: "long ", count: 60),
        ])
    }

    mutating func integer() -> Int64 {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: pick([0, 1, -1, 63, 64, -64, -65, 127, 128, 16_383, 16_384, .max, .min])
        case 1: Int64.random(in: -1000...1000, using: &random)
        default: Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random))
        }
    }

    mutating func double() -> Double {
        pick([
            0, -0.0, 1, -1, 0.1, .infinity, -.infinity, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude, 1e21, 123_456_789.125, .nan,
            Double(bitPattern: 0x7FF8_0000_0000_1234), Double(bitPattern: 0xFFF4_0000_0000_0001),
            Double(bitPattern: random.next()),
        ])
    }

    mutating func float() -> Float {
        pick([
            0, -0.0, 1, 0.1, .infinity, .nan,
            Float(bitPattern: UInt32.random(in: 0...(.max), using: &random)),
        ])
    }

    mutating func decimal() -> Decimal64 {
        let limit = Decimal64.maximumCoefficient
        let coefficient = pick([0, 1, -1, 125_075, limit, -limit, integer() % limit])
        return Decimal64(coefficient: coefficient, scale: Int.random(in: 0...18, using: &random))
            ?? .zero
    }

    mutating func money() -> Money { Money(decimal(), pick(["EUR", "USD", "JPY", "XXX"])) }

    mutating func timestamp() -> Timestamp {
        let seconds = pick([
            -62_135_596_800, 253_402_300_799, -1, 0, 1_760_000_000, integer() % 1_000_000_000,
        ])
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds()) ?? .blank()
    }

    mutating func nanoseconds() -> Int { pick([0, 1, 250_000_000, 999_999_999, 123_456_000]) }

    mutating func duration() -> TimeSpan {
        let seconds = pick([0, 1, 315_576_000_000, integer().magnitude.asInt64 % 1_000_000])
        let span = (seconds: seconds, nanoseconds: nanoseconds())
        return
            (chance(2)
            ? TimeSpan(seconds: span.seconds, nanoseconds: span.nanoseconds)
            : TimeSpan(seconds: -span.seconds, nanoseconds: -span.nanoseconds)) ?? .blank()
    }

    mutating func channel() -> BankRiskV1.Channel {
        .decoded(pick([0, 1, 2, 3, 4, 77, .max]))
    }

    mutating func device() -> Device {
        Device(
            os: text(), fingerprint: UInt64(bitPattern: integer()), rooted: chance(2))
    }

    mutating func value() -> Value {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .flag(chance(2))
        case 1: .integer(integer())
        case 2: .number(double())
        case 3: .text(text())
        default: .amount(money())
        }
    }

    mutating func assessRequest() -> AssessRequest {
        var request = AssessRequest(amount: money(), occurredAt: timestamp())
        request.requestID = text()
        request.channel = channel()
        if chance(2) { request.device = device() }
        for _ in 0..<count(6) { request.attributes[text()] = value() }
        request.features = list(9) { $0.double() }
        if chance(2) { request.retry = UInt32(truncatingIfNeeded: integer()) }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: request.instrument = .iban(text())
        case 1: request.instrument = .card(Card(token: text(), network: text()))
        default: break
        }
        return request
    }

    mutating func sampler(depth: Int = 3) -> Sampler {
        var sampler = Sampler(choice: .word(text()))
        if chance(3) { sampler.choice = .number(integer()) }
        if chance(3) { sampler.choice = .device(device()) }
        sampler.flag = chance(2)
        sampler.int32 = Int32(truncatingIfNeeded: integer())
        sampler.int64 = integer()
        sampler.uint32 = UInt32(truncatingIfNeeded: integer())
        sampler.uint64 = UInt64(bitPattern: integer())
        sampler.twos32 = Int32(truncatingIfNeeded: integer())
        sampler.twos64 = integer()
        sampler.fixed32 = Int32(truncatingIfNeeded: integer())
        sampler.fixed64 = UInt64(bitPattern: integer())
        sampler.float = float()
        sampler.double = double()
        sampler.text = text()
        sampler.blob = list(20) { UInt8(truncatingIfNeeded: $0.integer()) }
        if chance(2) { sampler.id = .random(using: &random) }
        sampler.channel = channel()
        if chance(2) { sampler.decimal = decimal() }
        if chance(2) { sampler.duration = duration() }
        if chance(2) {
            sampler.date = CalendarDate(daysSinceEpoch: pick([-719_162, 2_932_896, 0, 20_000]))
        }
        fillCollections(&sampler)
        if chance(2) { sampler.maybe = chance(2) }
        if depth > 0 { sampler.children = list(2) { $0.sampler(depth: depth - 1) } }
        return sampler
    }

    private mutating func fillCollections(_ sampler: inout Sampler) {
        sampler.names = list(4) { $0.text() }
        sampler.devices = list(3) { $0.device() }
        sampler.numbers = list(9) { UInt32(truncatingIfNeeded: $0.integer()) }
        sampler.flags = list(4) { $0.chance(2) }
        for _ in 0..<count(5) { sampler.byNumber[integer()] = text() }
        sampler.channels = list(4) { $0.channel() }
        for _ in 0..<count(3) { sampler.byFlag[chance(2)] = double() }
        sampler.floats = list(5) { $0.float() }
    }
}

extension UInt64 {
    fileprivate var asInt64: Int64 { Int64(truncatingIfNeeded: self >> 1) }
}

/// Writes a canonical message as another encoder might: any order, split and unpacked lists, over-long
/// numbers, superseded values, zeros, messages in parts.
struct Loosener {
    var values: RandomValues

    mutating func loosen(_ bytes: [UInt8], _ table: FieldTable) -> [UInt8] {
        var groups: [(number: Int, records: [[UInt8]])] = []
        var scanner = RecordScanner(bytes)
        while let record = try? scanner.next() {
            let field = table.field(record.number)
            let body = Array(bytes[record.value..<record.end])
            let loose = field.map { rewrite($0, body) } ?? [Array(bytes[record.start..<record.end])]
            if let last = groups.last, last.number == record.number {
                groups[groups.count - 1].records += loose
            } else {
                groups.append((record.number, loose))
            }
        }
        // Any interleaving that keeps the records of one number in order.
        var out: [UInt8] = []
        while !groups.isEmpty {
            let index =
                values.chance(2) ? 0 : Int.random(in: 0..<groups.count, using: &values.random)
            out += groups[index].records.removeFirst()
            if groups[index].records.isEmpty { groups.remove(at: index) }
        }
        return out
    }

    private mutating func varint(_ value: UInt64, longest: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        RecordScanner.append(value, to: &bytes)
        while bytes.count < longest, values.chance(3) {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(0)
        }
        return bytes
    }

    private mutating func record(_ number: Int, _ wire: UInt32, _ body: [UInt8]) -> [UInt8] {
        let tag = varint(UInt64(number) << 3 | UInt64(wire), longest: 5)
        return tag + (wire == 2 ? varint(UInt64(body.count), longest: 5) : []) + body
    }

    private mutating func rewrite(_ field: Field, _ body: [UInt8]) -> [[UInt8]] {
        let number = field.number
        if case .map(let key) = field.shape {
            let table = FieldTable(
                "", depth: 1, [Field(1, "key", key), Field(2, "value", field.kind)])
            return [record(number, 2, loosen(body, table))]
        }
        if field.isPacked { return chunks(field, body) }
        if field.kind.wireType == 0 {
            var records = [record(number, 0, long(field.kind, body))]
            if values.chance(4) { records.insert(record(number, 0, [0x80, 0x01]), at: 0) }
            return records
        }
        guard let table = field.kind.table else { return [record(number, field.wireType, body)] }
        let loose = loosen(body, table)
        guard !field.isRepeated, values.chance(2) else { return [record(number, 2, loose)] }
        return parts(loose).map { record(number, 2, $0) }
    }

    /// A message cut between two of its records.
    private mutating func parts(_ body: [UInt8]) -> [[UInt8]] {
        var cuts = [0]
        var scanner = RecordScanner(body)
        while let record = try? scanner.next() { cuts.append(record.end) }
        let cut = values.pick(cuts)
        return [Array(body[..<cut]), Array(body[cut...])]
    }

    private mutating func long(_ kind: FieldKind, _ body: [UInt8]) -> [UInt8] {
        var scanner = RecordScanner([0x08] + body)
        var value = (try? scanner.next())??.varint ?? 0
        switch kind {
        case .bool where value == 1 && values.chance(2): value = 5
        case .uint32 where values.chance(3), .int32 where values.chance(3): value |= 1 << 40
        default: break
        }
        return varint(value, longest: 10)
    }

    private mutating func chunks(_ field: Field, _ body: [UInt8]) -> [[UInt8]] {
        var records: [[UInt8]] = []
        var rest = body[...]
        while !rest.isEmpty {
            var end = rest.startIndex
            for _ in 0..<Int.random(in: 1...3, using: &values.random) where end < rest.endIndex {
                switch field.kind.wireType {
                case 1: end += 8
                case 5: end += 4
                default:
                    while rest[end] >= 0x80 { end += 1 }
                    end += 1
                }
            }
            let chunk = Array(rest[..<end])
            rest = rest[end...]
            let single = chunk.filter { $0 < 0x80 }.count == 1 || field.kind.wireType != 0
            let width = field.kind.wireType == 1 ? 8 : 4
            if single, field.kind.wireType == 0 || chunk.count == width, values.chance(2) {
                records.append(record(field.number, field.kind.wireType, chunk))
            } else {
                records.append(record(field.number, 2, chunk))
            }
        }
        if values.chance(3) { records.append(record(field.number, 2, [])) }
        return records
    }
}
