/// One schema file: its path as shown in diagnostics, and its bytes.
public struct SourceFile: Sendable {
    /// The path below the schema root, with `/`: "assay/risk/v1/risk.schema".
    public let path: String
    public let bytes: [UInt8]
    /// Byte offset of the first byte of each line.
    let lineStarts: [Int]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            starts.append(index + 1)
        }
        lineStarts = starts
    }

    public init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    /// The zero-based line that holds a byte offset.
    func line(of offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// The bytes of a line, without its line end.
    func lineBytes(_ line: Int) -> ArraySlice<UInt8> {
        let start = lineStarts[line]
        let end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        return bytes[start..<max(start, end)]
    }

    /// One-based line and column; columns count Unicode scalars.
    func position(of offset: Int) -> (line: Int, column: Int) {
        let offset = min(max(offset, 0), bytes.count)
        let line = line(of: offset)
        return (line + 1, Self.scalarCount(bytes[lineStarts[line]..<offset]) + 1)
    }

    /// The number of Unicode scalars that begin in the bytes.
    static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }

    func text(_ span: Span) -> String {
        String(decoding: bytes[span.start..<span.end], as: UTF8.self)
    }
}

/// A half-open range of byte offsets in one file.
struct Span: Hashable, Sendable {
    var start: Int
    var end: Int

    func joined(_ other: Span) -> Span {
        Span(start: min(start, other.start), end: max(end, other.end))
    }
}

/// A place in the sources of a compilation.
struct Location: Hashable, Sendable {
    /// Index of the file among the sources.
    var file: Int
    var span: Span
}
