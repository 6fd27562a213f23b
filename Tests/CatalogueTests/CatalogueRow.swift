/// One row of catalogue.tsv, which says what ships.
struct CatalogueRow {
    let family: String
    let name: String
    let kind: String
    let window: String
    let type: String
    let defaultText: String
    let sensitivity: String
    /// Ascending.
    let purposes: [String]
    let isCore: Bool
    /// Where it stands in vectors.
    let places: [Place]

    struct Place {
        /// `name@version`.
        let vector: String
        /// From 1.
        let position: Int
        let published: String
    }

    static func all() throws -> [CatalogueRow] {
        try Repository.text("catalogue.tsv").split(separator: "\n").dropFirst().map {
            CatalogueRow(
                $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
        }
    }

    private init(_ cells: [String]) {
        precondition(cells.count == 13)
        family = cells[0]
        name = cells[1]
        kind = cells[3]
        window = cells[6]
        type = cells[7]
        defaultText = cells[8]
        sensitivity = cells[9]
        purposes = cells[10].split(separator: ",").map(String.init).sorted()
        isCore = cells[11] == "core"
        let name = cells[1]
        places =
            cells[12] == "-"
            ? []
            : cells[12].split(separator: ",").map { text in
                let parts = text.split { $0 == ":" || $0 == "=" }.map(String.init)
                return Place(
                    vector: parts[0], position: Int(parts[1]) ?? 0,
                    published: parts.count > 2 ? parts[2] : name)
            }
    }

    /// The bits of the value that the feature has where nothing is known.
    var defaultValue: Double? {
        switch defaultText {
        case "missing": Double(bitPattern: 0x7FF8_0000_0000_0000)
        case "false": 0
        case "true": 1
        default: Double(defaultText)
        }
    }

    /// Window and lag in milliseconds; nil if the row covers none, or two.
    var span: (window: Int64, lag: Int64?)? {
        let words = window.split(separator: " ")
        guard let length = words.first.flatMap(Self.milliseconds), words.count != 2 else {
            return nil
        }
        return (length, words.count == 3 ? Self.milliseconds(words[2]) : nil)
    }

    private static func milliseconds(_ text: Substring) -> Int64? {
        let units: [Character: Int64] = ["m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast())
        else { return nil }
        return count * unit
    }
}
