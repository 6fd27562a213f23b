internal import AssayMessages
internal import FeatureEngine

/// Which values of the vectors each purpose may have: a feature that does not name a purpose is
/// withheld from it.
struct AccessTable: Sendable {
    /// Per vector and purpose, the positions that are withheld.
    private let withheld: [[Purpose: [Int]]]

    init(_ definitions: DefinitionSet) {
        withheld = definitions.vectors.map { vector in
            let documentation = vector.columns.map {
                definitions.documentation[definitions.features.features[$0.feature].name]
            }
            return Dictionary(
                uniqueKeysWithValues: Purpose.allCases.map { purpose in
                    let hidden = documentation.indices.filter {
                        !(documentation[$0]?.allows(purpose) ?? false)
                    }
                    return (purpose, Array(hidden))
                })
        }
    }

    func withheld(vector: Int, from purpose: Purpose) -> [Int] {
        withheld[vector][purpose] ?? []
    }
}

extension DefinitionSet {
    /// Positions of a vector whose features are not for the vector's own purpose.
    func withheld(of vector: VectorDefinition) -> [Int] {
        vector.columns.indices.filter { position in
            let name = features.features[vector.columns[position].feature].name
            return !(documentation[name]?.allows(vector.purpose) ?? false)
        }
    }
}

extension Documentation {
    /// Restricted features have no credit purpose unless somebody answers for it.
    func allows(_ purpose: Purpose) -> Bool {
        guard purposes.contains(purpose) else { return false }
        return purpose != .credit || sensitivity != .restricted || approver != nil
    }
}

extension AssayFeaturesV1.Vector {
    /// Puts the defaults in place of values that a call may not have.
    mutating func withhold(
        _ positions: [Int], of vector: VectorDefinition, _ definitions: DefinitionSet
    ) {
        guard !positions.isEmpty else { return }
        for position in positions where values.indices.contains(position) {
            let column = vector.columns[position]
            values[position] =
                column.defaultValue
                ?? definitions.features.features[column.feature].defaultValue / column.divisor
            status[position] = Status(.withheld).byte
        }
        degraded = status.contains { $0 & 7 == Status.Class.unavailable.rawValue }
        digest = VectorReader.digest(values, status)
    }

    /// Of a vector that the call did not ask for.
    mutating func withholdAll() {
        values = values.map { _ in FeatureValue.missing }
        status = status.map { _ in Status(.withheld).byte }
        digest = VectorReader.digest(values, status)
    }
}
