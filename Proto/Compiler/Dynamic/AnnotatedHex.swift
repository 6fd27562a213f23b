public import Wire

/// Bytes with what they mean beside them, record by record, as in the worked example of wire.md §7.
///
/// It walks whatever layout the bytes have, and never fails: what is not a record is shown as it
/// is.
public struct AnnotatedHex {
    /// Deeper than this, bytes are shown without a meaning.
    private static let deepest = 64
    /// The column of the meaning, and the most bytes on a line.
    private static let meaningColumn = 60
    private static let bytesPerLine = 16
    /// Of one value no more bytes are shown.
    private static let longestValue = 128

    private let bytes: [UInt8]
    private let showsPersonalData: Bool
    /// The offset of an error, and what to write there.
    private let mark: (offset: Int, text: String)?
    private var lines: [String] = []
    private var isMarked = false

    /// Nil if the schema has no message or union of that name.
    ///
    /// - Parameters:
    ///   - mark: an error whose line is marked.
    ///   - showsPersonalData: false replaces the bytes of what is personal or unknown by dots.
    public static func text(
        _ bytes: [UInt8], as name: String, in schema: DynamicSchema, mark error: WireError? = nil,
        showsPersonalData: Bool
    ) -> String? {
        withExtendedLifetime(schema) {
            schema.table(of: name).map {
                text(bytes, $0, mark: error, showsPersonalData: showsPersonalData)
            }
        }
    }

    package static func text(
        _ bytes: [UInt8], _ table: FieldTable, mark error: WireError? = nil,
        showsPersonalData: Bool
    ) -> String {
        let mark = error.map { error in
            (offset: error.offset, text: error.rule.map { "R\($0)" } ?? "here")
        }
        var dump = AnnotatedHex(bytes: bytes, showsPersonalData: showsPersonalData, mark: mark)
        dump.records(0..<bytes.count, table, depth: 0)
        if bytes.isEmpty { dump.lines.append("no bytes: all fields have their defaults") }
        return dump.lines.map { $0 + "\n" }.joined()
    }

    private init(bytes: [UInt8], showsPersonalData: Bool, mark: (offset: Int, text: String)?) {
        self.bytes = bytes
        self.showsPersonalData = showsPersonalData
        self.mark = mark
    }

    // MARK: Records

    private mutating func records(
        _ range: Range<Int>, _ table: FieldTable, depth: Int
    ) {
        var scanner = RecordScanner(bytes, range)
        while true {
            let start = scanner.position
            do throws(WireError.Code) {
                guard let record = try scanner.next() else { return }
                show(record, table, depth)
            } catch {
                return torn(start..<range.upperBound, table, depth)
            }
        }
    }

    /// Bytes that do not make a record, up to the end of what encloses them.
    private mutating func torn(_ range: Range<Int>, _ table: FieldTable, _ depth: Int) {
        var scanner = range.prefix(2).makeIterator()
        var tag = scanner.next().map { Int(bytes[$0] & 0x7F) } ?? 0
        if bytes[range.lowerBound] >= 0x80, let next = scanner.next() {
            tag |= Int(bytes[next] & 0x7F) << 7
        }
        let field = table.field(tag >> 3)
        let isPlain = field.map { $0.pii == nil && $0.inner == nil } ?? false
        let name = field.map { "  \($0.name)" } ?? ""
        line(
            range, depth, "\(range.count) bytes\(name): not a whole record",
            hides: !isPlain && !showsPersonalData, header: min(range.count, tag < 128 ? 1 : 2))
    }

    private mutating func show(_ record: RecordScanner.Record, _ table: FieldTable, _ depth: Int) {
        let field = table.field(record.number)
        let isOdd = field.map { !fits(record, $0) } ?? true
        // What is unknown may be personal to those who know it.
        if isOdd || field?.pii != nil, !showsPersonalData {
            let kind = field?.pii.map { " ‹\($0.rawValue)›" } ?? ""
            let meaning =
                (field?.name ?? "unknown field") + kind
                + (field != nil && isOdd ? ", of another type" : "")
            return line(
                record.start..<record.end, depth, head(record) + meaning, hides: true,
                header: header(record))
        }
        guard let field, !isOdd else {
            return line(
                record.start..<record.end, depth,
                head(record) + (field.map { "\($0.name), of another type" } ?? "unknown field"),
                header: header(record))
        }
        if record.wireType == 2, let inner = field.inner {
            let type = inner.name.isEmpty ? "entry" : inner.name
            return nested(record, inner, depth, "\(head(record))\(field.name): \(type)")
        }
        if record.wireType == 2, field.kind.wireType != 2 { return packed(record, field, depth) }
        let value = ScalarText.text(record, field.kind, bytes)
        line(
            record.start..<record.end, depth, "\(head(record))\(field.name) \(value)",
            header: header(record))
    }

    /// A known field has its own wire type; an element of a packable list may stand alone.
    private func fits(_ record: RecordScanner.Record, _ field: Wire.Field) -> Bool {
        let isElement = if case .packed = field.shape { true } else { false }
        return record.wireType == field.wireType
            || (isElement && record.wireType == field.kind.wireType)
    }

    /// `1 LEN 7   `, so that names begin in one column.
    private func head(_ record: RecordScanner.Record) -> String {
        let text = "\(record.number) \(Self.typeName(record))"
        return text + String(repeating: " ", count: max(2, 10 - text.utf8.count))
    }

    private mutating func nested(
        _ record: RecordScanner.Record, _ table: FieldTable, _ depth: Int, _ meaning: String
    ) {
        line(record.start..<record.value, depth, meaning)
        if depth >= Self.deepest {
            return line(record.value..<record.end, depth + 1, "nested too deeply to show")
        }
        records(record.value..<record.end, table, depth: depth + 1)
    }

    /// One element per line.
    private mutating func packed(
        _ record: RecordScanner.Record, _ field: Wire.Field, _ depth: Int
    ) {
        line(
            record.start..<record.value, depth,
            "\(head(record))\(field.name): packed")
        var position = record.value
        var index = 0
        while position < record.end {
            guard let end = ScalarText.end(of: field.kind, bytes, position..<record.end) else {
                return line(position..<record.end, depth + 1, "[\(index)] not a whole element")
            }
            let value = ScalarText.text(field.kind, bytes, position..<end)
            line(position..<end, depth + 1, "[\(index)] \(value)")
            position = end
            index += 1
        }
    }

    /// The bytes of tag and length.
    private func header(_ record: RecordScanner.Record) -> Int {
        if record.wireType == 2 { return record.value - record.start }
        var end = record.start
        while end < record.end, bytes[end] >= 0x80 { end += 1 }
        return min(end + 1, record.end) - record.start
    }

    private static func typeName(_ record: RecordScanner.Record) -> String {
        switch record.wireType {
        case 0: "VARINT"
        case 1: "I64"
        case 2: "LEN \(record.end - record.value)"
        default: "I32"
        }
    }

    // MARK: Lines

    /// Bytes and their meaning; what does not fit on a line goes on below.
    private mutating func line(
        _ range: Range<Int>, _ depth: Int, _ meaning: String, hides: Bool = false,
        header: Int? = nil
    ) {
        let header = header ?? range.count
        let shownEnd = min(range.upperBound, range.lowerBound + header + Self.longestValue)
        var position = range.lowerBound
        var isFirst = true
        repeat {
            var end = min(shownEnd, position + Self.bytesPerLine)
            if isFirst, header < range.count {
                end = min(shownEnd, position + header + Self.bytesPerLine)
            }
            var text = ""
            for index in position..<end {
                if index > position { text += index == range.lowerBound + header ? "  " : " " }
                let isHidden = hides && index >= range.lowerBound + min(header, range.count)
                text += isHidden ? "··" : ValueText.hex(bytes[index])
            }
            append(position, end, depth, text, isFirst ? meaning : "")
            position = end
            isFirst = false
        } while position < shownEnd
        if shownEnd < range.upperBound {
            append(
                shownEnd, range.upperBound, depth, "…", "\(range.upperBound - shownEnd) more bytes")
        }
    }

    private mutating func append(
        _ start: Int, _ end: Int, _ depth: Int, _ hex: String, _ meaning: String
    ) {
        let offset = String(start)
        let margin = String(repeating: " ", count: max(0, 6 - offset.utf8.count)) + offset + "  "
        let indent = String(repeating: "  ", count: min(depth, 16))
        var text = margin + indent + hex
        if !meaning.isEmpty {
            let width = text.unicodeScalars.count
            text +=
                String(repeating: " ", count: max(2, Self.meaningColumn - width)) + indent + meaning
        }
        if let mark, !isMarked, mark.offset < max(end, start + 1), mark.offset >= start {
            text += "   <-- \(mark.text)"
            isMarked = true
        }
        lines.append(text)
    }
}
