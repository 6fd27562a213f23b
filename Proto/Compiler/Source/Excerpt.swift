/// A line of a source with a caret below the part that a finding is about.
struct Excerpt {
    /// Of a longer line, this much around the caret is shown.
    static let maximumColumns = 160

    enum Emphasis {
        /// The place of the finding: `^~~~`.
        case primary
        /// A place that explains it: `----`.
        case secondary
    }

    let location: Location
    let text: String
    let emphasis: Emphasis

    /// The line and its caret, numbered in a gutter of the given width.
    func rendered(in file: SourceFile, gutter: Int, _ palette: Palette) -> [String] {
        let start = min(location.span.start, file.bytes.count)
        let line = file.line(of: start) + 1
        let bytes = file.lineBytes(line - 1)
        let end = max(start, min(location.span.end, bytes.endIndex))
        let length = max(1, SourceFile.scalarCount(file.bytes[start..<end]))
        let (shown, indent) = Self.window(bytes, around: start)
        let width = min(length, max(1, Self.maximumColumns - indent))
        let isPrimary = emphasis == .primary
        let caret =
            (isPrimary ? "^" : "-") + String(repeating: isPrimary ? "~" : "-", count: width - 1)
        let number = String(line)
        let padding = String(repeating: " ", count: max(0, gutter - number.count))
        let label = text.isEmpty ? "" : " " + text
        return [
            palette(.faint, "\(padding)\(number) |") + " \(shown)",
            palette(.faint, "\(String(repeating: " ", count: gutter)) |")
                + " \(String(repeating: " ", count: indent))"
                + palette(isPrimary ? .caret : .note, caret + label),
        ]
    }

    /// The part of a line around an offset, and how many columns the offset is from its beginning.
    /// Of a very long line no more is looked at than is shown.
    private static func window(
        _ line: ArraySlice<UInt8>, around offset: Int
    ) -> (shown: String, indent: Int) {
        var first = min(max(offset, line.startIndex), line.endIndex)
        var indent = 0
        let isShort = line.count <= maximumColumns
        while first > line.startIndex, isShort || indent < maximumColumns / 2 {
            first -= 1
            if !isContinuation(line[first]) { indent += 1 }
        }
        while first > line.startIndex, isContinuation(line[first]) { first -= 1 }
        var last = first
        var columns = 0
        while last < line.endIndex, isShort || columns < maximumColumns {
            columns += 1
            last += 1
            while last < line.endIndex, isContinuation(line[last]) { last += 1 }
        }
        let shown = printable(String(decoding: line[first..<last], as: UTF8.self))
        let before = first > line.startIndex ? "…" : ""
        let after = last < line.endIndex ? "…" : ""
        return (before + shown + after, indent + (before.isEmpty ? 0 : 1))
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// Control characters would steer the terminal; each is shown as one column.
    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09, 0x0D: result.append(" ")
            case 0..<0x20, 0x7F..<0xA0: result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

/// Text for people that quotes what a source says.
enum Prose {
    static let maximumScalars = 400

    /// One line without control characters; of a very long text, its beginning and its end.
    static func clipped(_ text: String) -> String {
        let isShort = text.utf8.count <= maximumScalars
        if isShort, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) { return text }
        let scalars = Array(text.unicodeScalars).map { scalar in
            scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? "\u{FFFD}" : scalar
        }
        func string(_ part: ArraySlice<Unicode.Scalar>) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: part)
            return String(view)
        }
        guard scalars.count > maximumScalars else { return string(scalars[...]) }
        return string(scalars.prefix(maximumScalars * 3 / 4)) + " … "
            + string(scalars.suffix(maximumScalars / 4))
    }
}
