internal import AssayMessages
internal import RuleLanguage
internal import Wire

extension AssayRiskV1.RecordedFacts {
    /// The facts of a sheet.
    ///
    /// - Parameter hidden: takes the personal facts, which the record must not hold.
    init(_ sheet: FactSheet, hiding hidden: inout AssayRiskV1.FactColumns) {
        self.init(known: AssayRiskV1.FactColumns())
        let catalogue = sheet.catalogue
        var (empty, claimed): ([UInt32], [UInt32]) = ([], [])
        for slot in catalogue.slotsByKey {
            let key = catalogue.keys[slot]
            switch sheet.statuses[slot] {
            case .absent: continue
            case .unavailable: unavailable.append(key)
            case .withheld: withheld.append(key)
            case .error: error.append(key)
            case .present, .empty:
                if sheet.statuses[slot] == .empty { empty.append(key) }
                if sheet.claimed.contains(slot) { claimed.append(key) }
                take(slot, key, sheet, &hidden)
            }
        }
        mark(empty: empty, claimed: claimed)
    }

    private mutating func take(
        _ slot: Int, _ key: UInt32, _ sheet: FactSheet, _ hidden: inout AssayRiskV1.FactColumns
    ) {
        guard let value = sheet.frame.value(at: slot).flatMap(FactValueCode.message) else {
            return omitted.append(key)
        }
        if sheet.catalogue.entries[slot].isPersonal {
            personal.append(key)
            hidden.append(key, value)
        } else {
            known.append(key, value)
        }
    }

    // MARK: Marks

    /// The keys of all known facts, column by column.
    private var knownColumns: [[UInt32]] { known.columns + [personal, omitted] }

    /// Says which of the known facts are empty or claimed; keys rise.
    mutating func mark(empty: [UInt32], claimed: [UInt32]) {
        let columns = knownColumns
        self.empty = Self.bits(of: empty, in: columns).bytes
        self.claimed = Self.bits(of: claimed, in: columns).bytes
    }

    private static func bits(of keys: [UInt32], in columns: [[UInt32]]) -> BitColumn {
        var bits = BitColumn()
        guard !keys.isEmpty else { return bits }
        var start = 0
        for column in columns {
            var next = keys[...]
            for (offset, key) in column.enumerated() {
                next = next.drop { $0 < key }
                if next.first == key { bits.insert(start + offset) }
            }
            start += column.count
        }
        return bits
    }

    // MARK: Reading

    /// A fact as a record has it.
    struct Entry {
        enum Content {
            case value(AssayRiskV1.FactValue)
            /// The value is in the evidence.
            case personal
            /// It was known, and its value was not kept.
            case omitted
            /// It was not known.
            case missing
        }

        var key: UInt32
        var status: FactStatus
        var isClaimed = false
        var content: Content
    }

    /// Hands out every fact that is not absent.
    func visit(_ body: (Entry) -> Void) {
        let (empty, claimed) = (BitColumn(empty), BitColumn(claimed))
        var position = 0
        func known(_ key: UInt32, _ content: Entry.Content) {
            body(
                Entry(
                    key: key, status: empty.contains(position) ? .empty : .present,
                    isClaimed: claimed.contains(position), content: content))
            position += 1
        }
        self.known.visit { known($0, .value($1)) }
        for key in personal { known(key, .personal) }
        for key in omitted { known(key, .omitted) }
        func missing(_ keys: [UInt32], _ status: FactStatus) {
            for key in keys { body(Entry(key: key, status: status, content: .missing)) }
        }
        missing(unavailable, .unavailable)
        missing(withheld, .withheld)
        missing(error, .error)
    }
}
