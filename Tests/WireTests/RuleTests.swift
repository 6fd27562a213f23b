import Testing

@testable import Wire

/// One malleable or malformed form, and what each door says to it.
struct RuleCase: CustomTestStringConvertible, Sendable {
    let rule: Int?
    let name: String
    let bytes: String
    let code: WireError.Code
    var path = ""
    /// What the tolerant door makes of it; nil if it refuses it too.
    var canonical: String?

    var testDescription: String { "\(rule.map { "R\($0)" } ?? "malformed"): \(name)" }
}

private let amount = "12 0b 0a 03 45 55 52 10 a5 a2 0f 18 02"
private let time = "1a 06 08 80 f0 9d c7 06"
private let both = amount + time

@Suite struct RuleTests {
    static let cases: [RuleCase] = [
        .init(
            rule: 1, name: "fields out of order", bytes: time + amount, code: .outOfOrder,
            path: "/amount", canonical: both),
        .init(
            rule: 1, name: "an unknown field out of order", bytes: both + "40 00 08 01",
            code: .wrongWireType, path: "/request_id"),
        .init(
            rule: 1, name: "a known field behind a greater unknown one",
            bytes: both + "a0 06 01 40 00", code: .outOfOrder, path: "/retry",
            canonical: both + "40 00 a0 06 01"),
        .init(
            rule: 2, name: "a repeated scalar", bytes: both + "20 01 20 02", code: .repeated,
            path: "/channel", canonical: both + "20 02"),
        .init(
            rule: 2, name: "a message in two parts",
            bytes: both + "2a 05 0a 03 69 4f 53 2a 02 18 01", code: .repeated, path: "/device",
            canonical: both + "2a 07 0a 03 69 4f 53 18 01"),
        .init(
            rule: 3, name: "a zero that is written", bytes: both + "20 00", code: .zeroWritten,
            path: "/channel", canonical: both),
        .init(
            rule: 3, name: "an empty string that is written", bytes: "0a 00" + both,
            code: .zeroWritten, path: "/request_id", canonical: both),
        .init(
            rule: 5, name: "an over-long varint", bytes: both + "20 82 80 00",
            code: .notMinimal, path: "/channel", canonical: both + "20 02"),
        .init(
            rule: 5, name: "an over-long tag", bytes: both + "a0 80 00 02", code: .notMinimal,
            path: "/channel",
            canonical: both + "20 02"),
        .init(
            rule: 5, name: "an over-long length", bytes: both + "2a 82 00 18 01",
            code: .notMinimal, path: "/device", canonical: both + "2a 02 18 01"),
        .init(
            rule: 5, name: "a bool of 2", bytes: both + "2a 02 18 02", code: .notMinimal,
            path: "/device/rooted", canonical: both + "2a 02 18 01"),
        .init(
            rule: 5, name: "a 33-bit uint32", bytes: both + "40 81 80 80 80 10",
            code: .valueTooWide, path: "/retry", canonical: both + "40 01"),
        .init(
            rule: 6, name: "an unpacked list",
            bytes: both + "39 00 00 00 00 00 00 e0 3f 39 00 00 00 00 00 00 f0 bf",
            code: .notPacked, path: "/features",
            canonical: both + "3a 10 00 00 00 00 00 00 e0 3f 00 00 00 00 00 00 f0 bf"),
        .init(
            rule: 6, name: "a list in two packed records",
            bytes: both + "3a 08 00 00 00 00 00 00 e0 3f 3a 08 00 00 00 00 00 00 f0 bf",
            code: .notPacked, path: "/features",
            canonical: both + "3a 10 00 00 00 00 00 00 e0 3f 00 00 00 00 00 00 f0 bf"),
        .init(
            rule: 6, name: "an empty packed list", bytes: both + "3a 00", code: .emptyPacked,
            path: "/features", canonical: both),
        .init(
            rule: 7, name: "descending map keys",
            bytes: both + "32 07 0a 01 62 12 02 08 01 32 07 0a 01 61 12 02 08 01",
            code: .mapOrder, path: "/attributes[1]",
            canonical: both + "32 07 0a 01 61 12 02 08 01 32 07 0a 01 62 12 02 08 01"),
        .init(
            rule: 7, name: "a map key twice: the last wins",
            bytes: both + "32 07 0a 01 61 12 02 08 00 32 07 0a 01 61 12 02 08 01",
            code: .mapOrder, path: "/attributes[1]",
            canonical: both + "32 07 0a 01 61 12 02 08 01"),
        .init(
            rule: 7, name: "an entry with its value first",
            bytes: both + "32 07 12 02 08 01 0a 01 61", code: .mapEntry,
            path: "/attributes[0]/value", canonical: both + "32 07 0a 01 61 12 02 08 01"),
        .init(
            rule: 7, name: "an entry without a key", bytes: both + "32 04 12 02 08 01",
            code: .mapEntry, path: "/attributes[0]/value",
            canonical: both + "32 06 0a 00 12 02 08 01"),
        .init(
            rule: 7, name: "an entry without a value", bytes: both + "32 03 0a 01 61",
            code: .mapEntry, path: "/attributes[0]/key", canonical: both + "32 05 0a 01 61 12 00"),
        .init(
            rule: 7, name: "an entry with a third record",
            bytes: both + "32 09 0a 01 61 12 02 08 01 18 01", code: .mapEntry,
            path: "/attributes[0]", canonical: both + "32 07 0a 01 61 12 02 08 01"),
        .init(
            rule: 5, name: "an over-long tag in an entry",
            bytes: both + "32 08 8a 00 01 61 12 02 08 01", code: .notMinimal,
            path: "/attributes[0]/key", canonical: both + "32 07 0a 01 61 12 02 08 01"),
        .init(
            rule: 5, name: "an over-long length of a second entry",
            bytes: both + "32 07 0a 01 61 12 02 08 01 32 87 00 0a 01 62 12 02 08 01",
            code: .notMinimal, path: "/attributes[1]",
            canonical: both + "32 07 0a 01 61 12 02 08 01 32 07 0a 01 62 12 02 08 01"),
        .init(
            rule: nil, name: "a second entry that is cut short",
            bytes: both + "32 07 0a 01 61 12 02 08 01 32 7f", code: .lengthExceedsRecord,
            path: "/attributes"),
        .init(
            rule: 12, name: "a key of the wrong type", bytes: both + "32 06 08 01 12 02 08 01",
            code: .wrongWireType, path: "/attributes[0]/key"),
        .init(
            rule: 8, name: "a string that is not UTF-8", bytes: "0a 02 c3 28" + both,
            code: .invalidUTF8, path: "/request_id"),
        .init(
            rule: 8, name: "a surrogate in UTF-8", bytes: "0a 03 ed a0 80" + both,
            code: .invalidUTF8, path: "/request_id"),
        .init(
            rule: 9, name: "two members of a oneof", bytes: both + "52 01 41 5a 03 0a 01 42",
            code: .secondMember, path: "/card", canonical: both + "5a 03 0a 01 42"),
        .init(
            rule: 9, name: "two records of a union",
            bytes: both + "32 0a 0a 01 61 12 05 08 01 22 01 78", code: .secondMember,
            path: "/attributes[0]/value/text", canonical: both + "32 08 0a 01 61 12 03 22 01 78"),
        .init(
            rule: 10, name: "a currency in lower case",
            bytes: "12 0b 0a 03 65 75 72 10 a5 a2 0f 18 02" + time, code: .outOfDomain,
            path: "/amount/currency"),
        .init(
            rule: 10, name: "money without a currency", bytes: "12 04 10 a5 a2 0f" + time,
            code: .outOfDomain, path: "/amount"),
        .init(
            rule: 10, name: "a scale of 19", bytes: "12 07 0a 03 45 55 52 18 13" + time,
            code: .outOfDomain, path: "/amount"),
        .init(
            rule: 10, name: "a billion nanoseconds",
            bytes: amount + "1a 06 10 80 94 eb dc 03", code: .outOfDomain,
            path: "/occurred_at"),
        .init(
            rule: 10, name: "a negative enum number",
            bytes: both + "20 ff ff ff ff ff ff ff ff ff 01", code: .outOfDomain,
            path: "/channel"),
        .init(
            rule: 10, name: "money with a fourth field",
            bytes: "12 0d 0a 03 45 55 52 10 a5 a2 0f 18 02 20 01" + time, code: .foreignRecord,
            path: "/amount"),
        .init(
            rule: 11, name: "a field number over 2^29", bytes: both + "80 80 80 80 10 01",
            code: .unknownNumber),
        .init(
            rule: 5, name: "an unknown varint that is over-long", bytes: both + "78 81 00",
            code: .notMinimal, canonical: both + "78 01"),
        .init(
            rule: 12, name: "a string where a varint belongs", bytes: both + "22 01 41",
            code: .wrongWireType, path: "/channel"),
        .init(
            rule: 12, name: "a superseded member of the wrong type",
            bytes: both + "50 01 5a 03 0a 01 42", code: .wrongWireType, path: "/iban"),
        .init(
            rule: 14, name: "no amount", bytes: time, code: .missingRequired, path: "/amount"),
        .init(
            rule: 14, name: "nothing at all", bytes: "", code: .missingRequired, path: "/amount"),
        .init(
            rule: 14, name: "no time", bytes: amount, code: .missingRequired,
            path: "/occurred_at"),
        .init(
            rule: nil, name: "a group", bytes: both + "7b 7c", code: .invalidTag),
        .init(
            rule: nil, name: "field number zero", bytes: both + "00 01", code: .invalidTag),
        .init(
            rule: nil, name: "wire type 7", bytes: both + "7f", code: .invalidTag),
        .init(
            rule: nil, name: "a length beyond the record", bytes: both + "2a 7f 18 01",
            code: .lengthExceedsRecord, path: "/device"),
        .init(
            rule: nil, name: "a length of 2^31-1", bytes: both + "2a ff ff ff ff 07",
            code: .lengthExceedsRecord, path: "/device"),
        .init(
            rule: nil, name: "an eleven-byte varint",
            bytes: both + "40 ff ff ff ff ff ff ff ff ff ff 01", code: .varintTooLong,
            path: "/retry"),
        .init(
            rule: nil, name: "a varint of 65 bits",
            bytes: both + "40 ff ff ff ff ff ff ff ff ff 02",
            code: .varintTooLong, path: "/retry"),
        .init(
            rule: nil, name: "a message in two parts, neither whole",
            bytes: both + "2a 04 0a 03 69 4f 2a 03 53 18 01", code: .lengthExceedsRecord,
            path: "/device/os"),
        .init(
            rule: nil, name: "a packed list cut within an element",
            bytes: both + "3a 0c 00 00 00 00 00 00 e0 3f 00 00 00 00 3a 04 00 00 f0 bf",
            code: .partialElement, path: "/features"),
        .init(
            rule: nil, name: "half a double", bytes: both + "3a 04 00 00 00 00",
            code: .partialElement, path: "/features"),
    ]

    @Test(arguments: cases)
    func `the strict door refuses it, naming rule and field`(_ test: RuleCase) {
        do {
            let value = try AssessRequest(decoding: hex(test.bytes), door: .strict)
            Issue.record("accepted: \(value)")
        } catch {
            #expect(error.code == test.code)
            #expect(error.rule == test.rule || test.name.contains("unknown field"))
            #expect(error.path == test.path)
            #expect(error.offset <= hex(test.bytes).count)
        }
    }

    @Test(arguments: cases)
    func `the tolerant door takes exactly what protobuf would`(_ test: RuleCase) throws {
        let result = Result { try AssessRequest(decoding: hex(test.bytes), door: .tolerant) }
        guard let canonical = test.canonical else {
            #expect(throws: WireError.self) { try result.get() }
            return
        }
        #expect(try result.get().encoded() == hex(canonical))
        #expect(try AssessRequest(decoding: hex(canonical), door: .strict) == result.get())
    }

    @Test func `a required oneof that is absent is missed by its name`() {
        #expect(throws: WireError(.missingRequired, offset: 0, field: 26).at("/choice")) {
            try Sampler(decoding: [], door: .strict)
        }
        // A child without its choice, in a parent that has one.
        let bytes = hex("ca 01 02 08 01 d2 01 00")
        #expect(throws: WireError(.missingRequired, offset: 3, field: 26).at("/children[0]/choice"))
        {
            try Sampler(decoding: bytes, door: .strict)
        }
    }

    @Test func `an unknown field stays in its place`() throws {
        let bytes = hex("08 01 40 07") + hex("12 02 41 42")
        #expect(throws: WireError.self) { try OldRequest(decoding: bytes, door: .strict) }
        let ordered = hex("08 01 12 02 41 42 48 07 a0 06 05")
        let old = try OldRequest(decoding: ordered, door: .strict)
        #expect(old.retry == 7)
        #expect(old.unknown?.bytes == hex("08 01 12 02 41 42 a0 06 05"))
        #expect(old.encoded() == ordered)
    }

    @Test func `errors say what, which rule and where, never the value`() throws {
        do {
            _ = try AssessRequest(decoding: hex(both + "20 00"), door: .strict)
        } catch {
            #expect(
                error.description
                    == "/channel: a zero is written that must be left out (R3) at byte 22")
            #expect(error.category == .malformed)
        }
    }
}

extension WireError {
    func at(_ path: String) -> WireError {
        var error = self
        error.path = path
        return error
    }
}
