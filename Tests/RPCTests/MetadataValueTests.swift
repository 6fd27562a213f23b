import Testing

@testable import RPC

@Suite struct MetadataValueTests {
    @Test("a forbidden byte becomes a space wherever it stands, a tab and what is not ASCII stay")
    func forbidden() {
        for length in 1...20 {
            for position in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var value = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    value[position] = byte
                    var fields = Metadata()
                    fields.append(name: "x-a".utf8, value: value)
                    var expected = value
                    if byte < 0x20 && byte != 0x09 || byte == 0x7F { expected[position] = 0x20 }
                    let field = fields.firstField("x-a")
                    #expect(field.map { Array(fields.arena[$0.value]) } == expected)
                }
            }
        }
    }

    @Test("what is left out leaves the fields before and behind it as they were")
    func filtered() {
        let fields: Metadata = ["a": "1", "bb": "", "c": "3", "dd": "4", "e": "5"]
        for mask in 0..<32 {
            var position = -1
            let kept = fields.filter { _ in
                position += 1
                return mask >> position & 1 == 1
            }
            let expected = Array(fields).enumerated().filter { mask >> $0.offset & 1 == 1 }
                .map(\.element)
            #expect(kept.count == expected.count)
            #expect(kept.map(\.name) == expected.map(\.name))
            #expect(kept.map(\.value) == expected.map(\.value))
        }
    }

    @Test("names are compared whole")
    func names() {
        let fields: Metadata = ["x-ab": "1", "x-a": "2"]
        #expect(fields["x-a"] == "2" && fields["x-abc"] == nil && fields[""] == nil)
        let first = fields.firstField("x-ab")
        #expect(first.map { fields.hasPrefix($0, "x-a") && !fields.hasPrefix($0, "x-abc") } == true)
        #expect(first.map { fields.matches($0, "x-ab") && !fields.matches($0, "x-a") } == true)
    }

    @Test("a timeout is written with the finest unit that fits eight digits")
    func timeouts() {
        let cases: [(Duration, String)] = [
            (.nanoseconds(0), "1n"), (.nanoseconds(99_999_999), "99999999n"),
            (.nanoseconds(100_000_000), "100000u"), (.seconds(100), "100000m"),
            (.seconds(100_000), "100000S"), (.seconds(1_000_000_000), "16666666M"),
        ]
        for (timeout, text) in cases {
            #expect(String(decoding: TimeoutHeader.format(timeout), as: UTF8.self) == text)
        }
    }
}
