/// Finds, after a failure, the field that it concerns: a second walk over the bytes with the tables, so
/// that decoding itself need not keep a path.
enum FieldPath {
    /// In more bytes than this nothing is searched.
    static let largestInput = 1 << 20
    /// Messages are not searched deeper than this, whatever their type allows.
    private static let deepest = 100

    static func find(_ error: WireError, in bytes: [UInt8], _ table: FieldTable) -> String {
        if error.code == .missingRequired {
            return missing(body(bytes, 0..<bytes.count), table, 0) ?? ""
        }
        return path(to: error.offset, bytes, 0..<bytes.count, table, 0)
    }

    private static func body(_ bytes: [UInt8], _ range: Range<Int>) -> [UInt8] {
        Array(bytes[range])
    }

    /// The field whose record holds the offset.
    private static func path(
        to offset: Int, _ bytes: [UInt8], _ range: Range<Int>, _ table: FieldTable, _ depth: Int
    ) -> String {
        var scanner = RecordScanner(bytes, range)
        var counts: [Int: Int] = [:]
        while let record = following(&scanner), record.start <= offset {
            guard let field = table.field(record.number) else { continue }
            let index = counts[record.number, default: 0]
            counts[record.number] = index + 1
            guard offset < record.end else { continue }
            let name = "/" + field.name + (field.isRepeated ? "[\(index)]" : "")
            guard record.wireType == 2, offset >= record.value, depth < deepest,
                let inner = field.inner
            else { return name }
            return name + path(to: offset, bytes, record.value..<record.end, inner, depth + 1)
        }
        return partial(scanner, bytes, table)
    }

    /// The field of a record that is itself malformed, if its tag can be read.
    private static func partial(
        _ scanner: RecordScanner, _ bytes: [UInt8], _ table: FieldTable
    ) -> String {
        guard scanner.position < scanner.end else { return "" }
        var header = UInt64(bytes[scanner.position] & 0x7F)
        if bytes[scanner.position] >= 0x80 {
            guard scanner.position + 1 < scanner.end, bytes[scanner.position + 1] < 0x80 else {
                return ""
            }
            header |= UInt64(bytes[scanner.position + 1]) << 7
        }
        return table.field(Int(header >> 3)).map { "/" + $0.name } ?? ""
    }

    private static func following(_ scanner: inout RecordScanner) -> RecordScanner.Record? {
        let before = scanner
        do throws(WireError.Code) {
            return try scanner.next()
        } catch {
            scanner = before
            return nil
        }
    }

    /// The first required field that is absent, in the order in which it is missed.
    private static func missing(_ bytes: [UInt8], _ table: FieldTable, _ depth: Int) -> String? {
        guard depth < deepest else { return nil }
        var scanner = RecordScanner(bytes)
        var records: [Int: [RecordScanner.Record]] = [:]
        while let record = following(&scanner) {
            records[record.number, default: []].append(record)
        }
        for field in table.fields {
            guard let found = records[field.number], let inner = field.inner else { continue }
            for (name, body) in bodies(field, found, bytes) {
                if let rest = missing(body, inner, depth + 1) { return name + rest }
            }
        }
        for required in table.required {
            let isPresent = table.fields.contains { field in
                let counts =
                    required.oneof.map { field.oneof == $0 } ?? (field.number == required.number)
                return counts && records[field.number] != nil
            }
            if !isPresent { return "/" + required.name }
        }
        return nil
    }

    /// The bodies of a field: each element's, or all records of a singular one joined.
    private static func bodies(
        _ field: Field, _ records: [RecordScanner.Record], _ bytes: [UInt8]
    ) -> [(String, [UInt8])] {
        let parts = records.filter { $0.wireType == 2 }.map { Array(bytes[$0.value..<$0.end]) }
        if field.isRepeated {
            return parts.enumerated().map { ("/\(field.name)[\($0.offset)]", $0.element) }
        }
        return [("/" + field.name, parts.flatMap { $0 })]
    }
}

extension FieldTable {
    /// The path of the first record, at any depth, that the tables do not know; nil if all are known.
    package func unknownPath(in bytes: [UInt8]) -> String? { unknownPath(RecordScanner(bytes)) }

    private func unknownPath(_ records: RecordScanner) -> String? {
        var scanner = records
        while let record = try? scanner.next() {
            guard let field = field(record.number) else { return "/\(record.number)" }
            guard record.wireType == 2 else { continue }
            var inside = RecordScanner(scanner.bytes, record.value..<record.end)
            if field.isMap {
                // Key, then value: the value is the last record.
                var value: RecordScanner.Record?
                while let part = try? inside.next() { value = part }
                guard let value, value.wireType == 2 else { continue }
                inside = RecordScanner(scanner.bytes, value.value..<value.end)
            }
            if let rest = field.kind.table?.unknownPath(inside) { return "/\(field.name)\(rest)" }
        }
        return nil
    }
}
