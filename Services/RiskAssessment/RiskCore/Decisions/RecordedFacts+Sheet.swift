internal import AssayMessages
internal import RuleLanguage
internal import Wire

extension AssayRiskV1.RecordedFacts {
    /// The facts of a sheet by rising key.
    ///
    /// - Parameter hidden: takes the personal facts, which the record must not hold.
    init(_ sheet: FactSheet, hiding hidden: inout AssayRiskV1.PersonalFacts) {
        self.init()
        let catalogue = sheet.catalogue
        reserve(catalogue.entries.count)
        for slot in catalogue.slotsByKey {
            let key = catalogue.keys[slot]
            switch sheet.statuses[slot] {
            case .absent: continue
            case .unavailable: unavailable.append(key)
            case .withheld: withheld.append(key)
            case .error: error.append(key)
            case .empty:
                empty.append(key)
                take(slot, key, sheet, &hidden)
            case .present: take(slot, key, sheet, &hidden)
            }
        }
    }

    private mutating func reserve(_ count: Int) {
        keys.reserveCapacity(count)
        values.reserveCapacity(count)
        personal.reserveCapacity(count)
    }

    private mutating func take(
        _ slot: Int, _ key: UInt32, _ sheet: FactSheet, _ hidden: inout AssayRiskV1.PersonalFacts
    ) {
        if sheet.claimed.contains(slot) { claimed.append(key) }
        guard let value = sheet.frame.value(at: slot).flatMap(FactValueCode.message) else {
            return omitted.append(key)
        }
        if sheet.catalogue.entries[slot].isPersonal {
            personal.append(key)
            hidden.keys.append(key)
            hidden.values.append(value)
        } else {
            keys.append(key)
            values.append(value)
        }
    }
}

extension AssayRiskV1.RecordedFacts {
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
        var isClaimed: Bool
        var content: Content
    }

    /// Hands out every fact that is not absent, column by column.
    func visit(_ body: (Entry) -> Void) {
        func known(_ keys: [UInt32], _ content: (Int) -> Entry.Content) {
            var (empty, claimed) = (RisingKeys(empty), RisingKeys(claimed))
            for (index, key) in keys.enumerated() {
                body(
                    Entry(
                        key: key, status: empty.contains(key) ? .empty : .present,
                        isClaimed: claimed.contains(key), content: content(index)))
            }
        }
        known(keys) { values.indices.contains($0) ? .value(values[$0]) : .omitted }
        known(personal) { _ in .personal }
        known(omitted) { _ in .omitted }
        func missing(_ keys: [UInt32], _ status: FactStatus) {
            for key in keys {
                body(Entry(key: key, status: status, isClaimed: false, content: .missing))
            }
        }
        missing(unavailable, .unavailable)
        missing(withheld, .withheld)
        missing(error, .error)
    }
}

/// Looks rising keys up in a column of rising keys, in one pass over both.
private struct RisingKeys {
    private let column: [UInt32]
    private var position = 0

    init(_ column: [UInt32]) { self.column = column }

    mutating func contains(_ key: UInt32) -> Bool {
        while position < column.count, column[position] < key { position += 1 }
        return position < column.count && column[position] == key
    }
}
