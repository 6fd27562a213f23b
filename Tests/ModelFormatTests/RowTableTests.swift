import Inference
import Testing

@Suite("Tables of rows")
struct RowTableTests {
    private func refusal(_ text: String) -> String {
        do {
            _ = try RowTable(Array(text.utf8))
            return "accepted"
        } catch { return error.description }
    }

    @Test("decimal and hexadecimal numbers, missing values, infinities and texts")
    func values() throws {
        let text = "\u{FEFF}a, b\r\n0x1.8000000000000p+1,-1e-3\r\nnan,\n\ninf,-inf\nNA,red"
        let table = try RowTable(Array(text.utf8))
        #expect(table.names == ["a", "b"])
        #expect(table.rowCount == 4)
        #expect(table.values[0] == 3 && table.values[1] == -0.001)
        #expect(table.values[2].isNaN && table.values[3].isNaN)
        #expect(table.values[4] == .infinity && table.values[5] == -.infinity)
        #expect(table.texts == [7: "red"])
        #expect(table.lines == [2, 3, 5, 6])
    }

    @Test("a number is rounded once")
    func rounding() throws {
        let table = try RowTable(
            Array("a\n0.1000000000000000055511151231257827021181583404541015626".utf8))
        #expect(table.values == [0.1])
        #expect(
            try RowTable(Array("a\n1.7976931348623157e308".utf8)).values == [
                .greatestFiniteMagnitude
            ])
    }

    @Test("a fault is named with its line and column")
    func faults() {
        #expect(refusal("") == "line 1: the file is empty")
        #expect(refusal("a,a\n") == "line 1, column \"a\": stands there twice")
        #expect(refusal("a,\n") == "line 1, column \"2\": has no name")
        #expect(refusal("a,b\n1,2\n1") == "line 3: 1 values for 2 columns")
        #expect(refusal("a,b\n1,\"2\"") == "line 2, column \"b\": has quotes, which are not read")
        #expect(
            refusal("a\n" + String(repeating: "1", count: 5_000))
                == "line 2, column \"a\": longer than 4096 bytes")
        #expect(throws: RowTableError.self) { try RowTable([97, 10, 0xFF]) }
    }
}
