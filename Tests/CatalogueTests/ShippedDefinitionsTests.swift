import FeatureCore
import FeatureEngine
import Foundation
import Testing

@Suite struct ShippedDefinitionsTests {
    /// What is declared of a feature, wherever its value comes from.
    struct Declared {
        let type: String
        let defaultValue: Double
        let documentation: Documentation
        let read: FeatureRead?
    }

    static func declared() throws -> [String: Declared] {
        let set = try Repository.definitions()
        var found: [String: Declared] = [:]
        for feature in set.entities.flatMap(\.features) {
            for name in [feature.name] + (feature.alias.map { [$0] } ?? []) {
                found[name] = Declared(
                    type: feature.type.rawValue, defaultValue: feature.defaultValue,
                    documentation: try #require(set.documentation[feature.name]),
                    read: feature.read)
            }
        }
        for feature in try Repository.sources().parse().flatMap(\.derived) {
            found[feature.name.value] = Declared(
                type: feature.type.value, defaultValue: feature.defaultValue,
                documentation: try #require(set.documentation[feature.name.value]), read: nil)
        }
        return found
    }

    @Test("the shipped definitions compile")
    func compile() throws {
        do {
            _ = try Repository.definitions()
        } catch let error as DefinitionError {
            for problem in error.problems { Issue.record("\(problem)") }
        }
    }

    @Test("every core row of the catalogue is a feature of its type, default, window and grants")
    func rows() throws {
        let declared = try Self.declared()
        let rows = try CatalogueRow.all()
        #expect(rows.count == 635 && Set(rows.map(\.name)).count == 635)
        #expect(rows.count(where: \.isCore) == 616)
        for row in rows where row.isCore {
            guard let feature = declared[row.name] else {
                Issue.record("\(row.name) of family \(row.family) is not defined")
                continue
            }
            #expect(feature.type == row.type, "\(row.name)")
            #expect(
                feature.defaultValue.bitPattern == row.defaultValue?.bitPattern, "\(row.name)")
            #expect(feature.documentation.sensitivity.rawValue == row.sensitivity, "\(row.name)")
            #expect(feature.documentation.purposes.map(\.rawValue) == row.purposes, "\(row.name)")
            #expect(Self.covers(feature.read, row), "\(row.name) covers \(row.window)")
        }
    }

    /// Whether a feature that is read from tiles covers the row's window.
    private static func covers(_ read: FeatureRead?, _ row: CatalogueRow) -> Bool {
        guard let span = row.span, row.kind == "window" || row.kind == "distinct" else {
            return true
        }
        switch read {
        case .aggregate(let read): return read.window == span.window && read.lag == span.lag
        case .attribute(let read):
            if case .distinct(let window, _) = read.aspect { return window == span.window }
            return true
        default: return true
        }
    }

    @Test("every feature says what it is, and no two of a file say the same by inheriting")
    func documented() throws {
        for file in try Repository.sources().parse() {
            let inherited = file.documentation.description
            let own =
                file.aggregates.map { ($0.name, $0.documentation) }
                + file.attributes.map { ($0.name, $0.documentation) }
                + file.registers.map { ($0.name, $0.documentation) }
                + file.derived.map { ($0.name, $0.documentation) }
            for (name, documentation) in own {
                #expect(
                    documentation.description != inherited && documentation.description.count > 8,
                    "\(name.value) at \(name.location)")
                #expect(!documentation.owner.isEmpty, "\(name.value)")
            }
        }
    }

    @Test("the vector of the running services has the names its model was trained with")
    func paymentFraud() throws {
        let set = try Repository.definitions()
        let position = try #require(set.vector(named: "payment_fraud", version: 1))
        #expect(
            set.vectors[position].columns.map(\.name) == [
                "amount", "card_txn_cnt_1h", "card_txn_cnt_24h", "card_amt_sum_1h",
                "card_amt_sum_24h", "card_amt_avg_24h", "card_amt_max_24h", "cust_txn_cnt_1h",
                "cust_txn_cnt_24h", "cust_amt_sum_24h", "acct_txn_cnt_1h", "acct_txn_cnt_24h",
                "acct_amt_sum_1h", "acct_amt_sum_24h", "acct_amt_avg_24h", "acct_amt_max_24h",
                "term_txn_cnt_1h", "term_txn_cnt_24h", "term_amt_avg_24h",
            ])
        #expect(set.vectors[position].columns[0].divisor == 100)
    }

    @Test("rules find every core feature that a fact is bound to in one vector")
    func ruleFacts() throws {
        let core = Set(try CatalogueRow.all().filter(\.isCore).map(\.name))
        let facts = try String(contentsOfFile: Repository.facts, encoding: .utf8)
        var bound: [String] = []
        for line in facts.split(separator: "\n").dropFirst() {
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard cells[3] == "feature" else { continue }
            for word in cells[4].split(separator: " ").map(String.init)
            where core.contains(word) && !bound.contains(word) {
                bound.append(word)
            }
        }
        #expect(bound.count == 132)
        let vectors = try Repository.sources().parse().flatMap(\.vectors)
        let vector = try #require(vectors.first { $0.name.value == "rule_facts" })
        #expect(vector.entries.map(\.feature.value) == bound)
    }

    @Test("the vectors are those of the catalogue, name by name")
    func vectors() throws {
        var wanted: [String: [Int: [String]]] = [:]
        for row in try CatalogueRow.all() {
            for place in row.places {
                wanted[place.vector, default: [:]][place.position] = [place.published, row.name]
            }
        }
        #expect(wanted["card_authorization@1"]?.count == 250)
        let vectors = try Repository.sources().parse().flatMap(\.vectors)
        for (name, positions) in wanted {
            let vector = try #require(
                vectors.first { "\($0.name.value)@\($0.version)" == name }, "\(name)")
            let entries = vector.entries.map { [$0.published.value, $0.feature.value] }
            let ordered = positions.keys.sorted()
            #expect(ordered == Array(1...positions.count), "\(name)")
            #expect(entries == ordered.compactMap { positions[$0] }, "\(name)")
        }
    }
}
