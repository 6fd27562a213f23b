/// What is wrong with a file of comma-separated values, and where. Lines start at 1.
public struct CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    public let line: Int
    public let message: String

    public init(line: Int, _ message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { "line \(line): \(message)" }
}

/// One record: its fields without quotes, one behind the other.
public struct CSVRecord {
    /// Where the record begins.
    public fileprivate(set) var line = 1
    fileprivate var bytes: [UInt8] = []
    fileprivate var ends: [Int] = []
    fileprivate var hasQuotes = false

    public var count: Int { ends.count }

    subscript(position: Int) -> ArraySlice<UInt8> {
        bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }

    func isEmpty(_ position: Int) -> Bool {
        ends[position] == (position == 0 ? 0 : ends[position - 1])
    }

    /// Nil if the bytes are not UTF-8.
    public func text(_ position: Int) -> String? {
        let range = (position == 0 ? 0 : ends[position - 1])..<ends[position]
        return bytes.withUnsafeBufferPointer { bytes in
            let field = UnsafeBufferPointer(rebasing: bytes[range])
            // Most texts are ASCII, for which decoding is the faster of the two.
            return field.allSatisfy { $0 < 0x80 }
                ? String(decoding: field, as: UTF8.self)
                : String(validating: field, as: UTF8.self)
        }
    }

    fileprivate var isBlank: Bool { ends.count == 1 && bytes.isEmpty && !hasQuotes }

    fileprivate mutating func clear(line: Int) {
        self.line = line
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        hasQuotes = false
    }
}

/// Reads comma-separated values (RFC 4180) record by record, in bounded memory.
///
/// Beyond the RFC it takes LF alone as the end of a line, passes over a byte order mark and over
/// empty lines, and refuses what other readers guess at: a quote inside an unquoted field, text
/// behind a closing quote, a CR without LF, a quote that is never closed.
public struct CSVReader {
    static let maximumRecordBytes = 1 << 20
    static let maximumFields = 4_096

    private enum Place { case start, plain, quoted, afterQuote, afterReturn }

    /// Gives the next bytes of the file; none at its end.
    private let more: () throws -> [UInt8]
    private var chunk: [UInt8] = []
    private var position = 0
    private var line = 1
    private var isAtStart = true
    public private(set) var record = CSVRecord()

    public init(_ more: @escaping () throws -> [UInt8]) { self.more = more }

    init(_ bytes: [UInt8]) {
        var rest: [UInt8]? = bytes
        self.init {
            defer { rest = nil }
            return rest ?? []
        }
    }

    /// Reads the next record; false at the end of the file.
    public mutating func next() throws -> Bool {
        if isAtStart { try skipByteOrderMark() }
        repeat {
            record.clear(line: line)
            guard try fill() else { return false }
        } while record.isBlank
        return true
    }

    private mutating func skipByteOrderMark() throws {
        isAtStart = false
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        while chunk.count < mark.count {
            let bytes = try more()
            guard !bytes.isEmpty else { break }
            chunk += bytes
        }
        if chunk.starts(with: mark) { position = mark.count }
    }

    private mutating func nextByte() throws -> UInt8? {
        if position == chunk.count {
            chunk = try more()
            position = 0
            guard !chunk.isEmpty else { return nil }
        }
        defer { position += 1 }
        return chunk[position]
    }

    private func fail(_ message: String) -> CSVError { CSVError(line: line, message) }

    /// Fills the record; false if there is none.
    private mutating func fill() throws -> Bool {
        var place = Place.start
        while let byte = try nextByte() {
            switch (place, byte) {
            case (.quoted, UInt8(ascii: "\"")):
                place = .afterQuote
            case (.quoted, _):
                if byte == UInt8(ascii: "\n") { line += 1 }
                try append(byte)
            case (.afterReturn, _):
                guard byte == UInt8(ascii: "\n") else { throw fail("CR without LF") }
                return try endRecord()
            case (_, UInt8(ascii: ",")):
                try endField()
                place = .start
            case (_, UInt8(ascii: "\n")):
                return try endRecord()
            case (_, UInt8(ascii: "\r")):
                place = .afterReturn
            case (.start, UInt8(ascii: "\"")):
                record.hasQuotes = true
                place = .quoted
            case (.afterQuote, UInt8(ascii: "\"")):
                try append(byte)
                place = .quoted
            case (.afterQuote, _):
                throw fail("text behind the closing quote of a field")
            case (.plain, UInt8(ascii: "\"")):
                throw fail("a quote in a field that does not begin with one")
            case (.start, _), (.plain, _):
                try append(byte)
                place = .plain
            }
        }
        return try endOfFile(place)
    }

    private mutating func endOfFile(_ place: Place) throws -> Bool {
        switch place {
        case .quoted: throw CSVError(line: record.line, "a quote that is never closed")
        case .afterReturn: throw fail("CR without LF")
        case .start where record.count == 0 && record.bytes.isEmpty: return false
        case .start, .plain, .afterQuote:
            try endField()
            return true
        }
    }

    private mutating func append(_ byte: UInt8) throws {
        guard record.bytes.count < Self.maximumRecordBytes else {
            throw CSVError(
                line: record.line, "a record of over \(Self.maximumRecordBytes >> 20) MiB")
        }
        record.bytes.append(byte)
    }

    private mutating func endField() throws {
        guard record.count < Self.maximumFields else {
            throw CSVError(line: record.line, "over \(Self.maximumFields) fields")
        }
        record.ends.append(record.bytes.count)
    }

    private mutating func endRecord() throws -> Bool {
        line += 1
        try endField()
        return true
    }
}
