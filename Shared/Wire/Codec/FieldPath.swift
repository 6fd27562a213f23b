/// Finds, after a failure, the field that it concerns: a second walk over the bytes with the tables, so
/// that decoding itself need not keep a path.
enum FieldPath {
    /// In more bytes than this nothing is searched.
    static let largestInput = 1 << 20
    /// What the search may allocate, per byte of input: parts of messages joined, level by level.
    static let heapPerByte = 8
    /// Messages are not searched deeper than this, whatever their type allows.
    private static let deepest = 100

    static func find(_ error: WireError, in bytes: [UInt8], _ table: FieldTable) -> String {
        if error.code == .missingRequired {
            return missing(RecordScanner(bytes), table, 0) ?? ""
        }
        return path(to: error.offset, bytes, 0..<bytes.count, table, 0)
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
    ///
    /// The records are walked once per field, so that nothing has to be remembered of them.
    private static func missing(
        _ records: RecordScanner, _ table: FieldTable, _ depth: Int
    ) -> String? {
        guard depth < deepest else { return nil }
        for field in table.fields {
            guard let inner = inner(field) else { continue }
            if let rest = missing(inside: field, inner, records, depth + 1) { return rest }
        }
        let present = numbers(records)
        for required in table.required {
            let isPresent = table.fields.contains { field in
                let counts =
                    required.oneof.map { field.oneof == $0 } ?? (field.number == required.number)
                return counts && present.contains(field.number)
            }
            if !isPresent { return "/" + required.name }
        }
        return nil
    }

    /// The table of what is inside a LEN record of this field.
    private static func inner(_ field: Field) -> FieldTable? {
        if case .map(let key) = field.shape {
            return FieldTable(
                "", depth: 1, [Field(1, "key", key), Field(2, "value", field.kind)])
        }
        return field.kind.table
    }

    /// What is missing in a field: in one of its elements, or in all parts of a message joined.
    private static func missing(
        inside field: Field, _ inner: FieldTable, _ records: RecordScanner, _ depth: Int
    ) -> String? {
        var scanner = records
        var elements = 0
        var first: RecordScanner?
        var joined: [UInt8]?
        while let record = following(&scanner) {
            guard record.number == field.number, record.wireType == 2 else { continue }
            let part = RecordScanner(scanner.bytes, record.value..<record.end)
            if field.isRepeated {
                if let rest = missing(part, inner, depth) {
                    return "/\(field.name)[\(elements)]\(rest)"
                }
                elements += 1
            } else if let whole = first {
                joined = (joined ?? Array(whole.bytes[whole.position..<whole.end]))
                joined? += part.bytes[part.position..<part.end]
            } else {
                first = part
            }
        }
        let body = joined.map { RecordScanner($0) } ?? first
        return body.flatMap { missing($0, inner, depth) }.map { "/\(field.name)\($0)" }
    }

    /// The field numbers that stand there and are known.
    private static func numbers(_ records: RecordScanner) -> Set<Int> {
        var scanner = records
        var numbers: Set<Int> = []
        while let record = following(&scanner) {
            // No field has a higher number.
            if record.number <= 2047 { numbers.insert(record.number) }
        }
        return numbers
    }
}

extension FieldTable {
    /// The path of the first record, at any depth, that the tables do not know; nil if all are known.
    package func unknownPath(in bytes: [UInt8]) -> String? {
        // Nearly always all are known, and to prove that takes no names.
        let isKnown = bytes.withUnsafeBytes { knowsAll(in: $0) }
        return isKnown ? nil : unknownPath(RecordScanner(bytes))
    }

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
