import Testing

@testable import FeatureCore

@Suite struct CSVReaderTests {
    /// All records; `step` bytes are read at a time.
    static func records(_ text: [UInt8], step: Int = .max) throws -> [[String]] {
        var rest = text[...]
        var reader = CSVReader {
            defer { rest = rest.dropFirst(step) }
            return Array(rest.prefix(step))
        }
        var records: [[String]] = []
        while try reader.next() {
            records.append((0..<reader.record.count).map { reader.record.text($0) ?? "?" })
        }
        return records
    }

    static func problem(_ text: String) -> String? {
        do {
            _ = try records(Array(text.utf8))
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "records and fields are those of RFC 4180",
        arguments: [
            ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
            ("a,b\n1,2", [["a", "b"], ["1", "2"]]),
            ("a,\n,b\n", [["a", ""], ["", "b"]]),
            ("\"a\",\"b,c\"\n", [["a", "b,c"]]),
            ("\"say \"\"hi\"\"\",x\n", [["say \"hi\"", "x"]]),
            ("\"two\r\nlines\",x\n", [["two\r\nlines", "x"]]),
            ("\"\"\n", [[""]]),
            ("\n\na,b\n\n", [["a", "b"]]),
            ("\u{FEFF}a,b\n", [["a", "b"]]),
            ("", []),
            ("\n", []),
            (",", [["", ""]]),
            ("ä,€\n", [["ä", "€"]]),
        ] as [(String, [[String]])])
    func grammar(_ text: String, _ expected: [[String]]) throws {
        for step in [1, 2, 3, .max] {
            #expect(try Self.records(Array(text.utf8), step: step) == expected)
        }
    }

    @Test("what other readers guess at is refused with its line")
    func refused() {
        #expect(
            Self.problem("a\nb\"c\n") == "line 2: a quote in a field that does not begin with one")
        #expect(Self.problem("\"a\"b\n") == "line 1: text behind the closing quote of a field")
        #expect(Self.problem("a\n\n\"b\n\n") == "line 3: a quote that is never closed")
        #expect(Self.problem("a\rb") == "line 1: CR without LF")
        #expect(Self.problem("a\r") == "line 1: CR without LF")
        let long = String(repeating: "x", count: CSVReader.maximumRecordBytes + 1)
        #expect(Self.problem(long) == "line 1: a record of over 1 MiB")
        let wide = String(repeating: ",", count: CSVReader.maximumFields)
        #expect(Self.problem(wide) == "line 1: over 4096 fields")
    }

    @Test("bytes that are not UTF-8 are no text")
    func notUTF8() throws {
        #expect(try Self.records([0x61, 0x2C, 0xFF, 0x0A]) == [["a", "?"]])
    }

    @Test("random bytes are records or an error", arguments: 0..<50)
    func hostile(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet: [UInt8] = [0x22, 0x2C, 0x0A, 0x0D, 0x61, 0xFF, 0x00]
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            let whole = try? Self.records(bytes)
            #expect((try? Self.records(bytes, step: 1)) == whole, "seed \(seed): \(bytes)")
        }
    }

    @Test("what is written reads back as it was", arguments: 0..<20)
    func roundTrip(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var writer = CSVWriter()
        var rows: [[Double]] = []
        for index in 0..<100 {
            let row = (0..<3).map { _ in Double(bitPattern: random.next()) }
                .map { $0.isFinite ? $0 : FeatureValueNumbers.edges[index % 8] }
            rows.append(row)
            writer.text("id, \"\(index)\"\n")
            for value in row { writer.number(value) }
            writer.endRecord()
        }
        let read = try Self.records(writer.take())
        #expect(read.count == rows.count)
        for (index, (record, row)) in zip(read, rows).enumerated() {
            #expect(record[0] == "id, \"\(index)\"\n")
            for (text, value) in zip(record.dropFirst(), row) {
                let found = text.isEmpty ? Double.nan : Double(text)
                #expect(found?.bitPattern == value.bitPattern || value.isNaN && text.isEmpty)
            }
        }
    }
}

enum FeatureValueNumbers {
    static let edges: [Double] = [
        0, -0.0, 1, -1, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        9_007_199_254_740_992,
    ]
}
