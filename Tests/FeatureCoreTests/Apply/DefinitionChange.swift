import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Testing

@testable import FeatureCore

/// The shipped definitions, and what they become.
enum DefinitionChange {
    static func base() throws -> String { try Shipped.text() }

    /// What states hold already, in a vector of its own.
    static func free(_ text: String? = nil) throws -> String {
        try (text ?? base()).replacing(
            "vectors:\n",
            with: """
                  card_share: {type: double, default: missing, expr: 'ratio(card_amt_sum_1h, card_amt_sum_24h)', description: x}

                vectors:
                  card_small@1: {purpose: fraud, features: [card_share, card_txn_cnt_24h]}

                """)
    }

    /// Another window of a counter of the card, and a vector that shows it.
    static func grown(_ text: String? = nil) throws -> String {
        try (text ?? base()).replacing(
            "amt_max: {from: payment, max: amount, windows: [24h], description: Greatest payment with the card.}",
            with:
                "amt_max: {from: payment, max: amount, windows: [24h, 7d], description: Greatest payment with the card.}"
        ).replacing(
            "vectors:\n",
            with: """
                vectors:
                  card_week@1: {purpose: fraud, features: [card_amt_max_7d, card_txn_cnt_24h]}

                """)
    }

    /// Another entity of each payment.
    static func withMerchants() throws -> String {
        try base().replacing(
            "  terminal: {short: term, key: terminal_id}\n",
            with: """
                  terminal: {short: term, key: terminal_id}
                  merchant: {short: merch, key: merchant_id, subject: customer}

                """
        ).replacing(
            "terminal: terminal_id}\n    fields:",
            with: "terminal: terminal_id, merchant: merchant_id}\n    fields:"
        ).replacing(
            "  terminal:\n    txn_cnt:",
            with: """
                  merchant:
                    txn_cnt: {from: payment, count: true, windows: [24h], description: x}
                  terminal:
                    txn_cnt:
                """
        ).replacing(
            "vectors:\n",
            with: """
                vectors:
                  shops@1: {purpose: fraud, features: [merch_txn_cnt_24h]}

                """)
    }

    /// Under its old name a feature means something else.
    static func refused() throws -> String {
        try base().replacing(
            "default: missing, description: Mean payment with",
            with: "default: 0, description: Mean payment with")
    }

    static func noted() throws -> String {
        try base().replacing("Greatest payment with the card.", with: "The greatest of them.")
    }

    static func sources(_ text: String) -> DefinitionSources {
        DefinitionSources(["payments.yaml": text])
    }

    static func set(_ text: String) throws -> DefinitionSet { try sources(text).compile() }
}

extension TestStore {
    convenience init(
        directory: String = TestStore.freshDirectory(), text: String,
        _ backfill: BackfillConfiguration = BackfillConfiguration(), replaces: Bool = false,
        log: @escaping @Sendable (String) -> Void = { _ in },
        disk: (RocksDBStore) -> any KeyValueStore = { $0 },
        change: (inout FeatureStoreConfiguration) -> Void = { _ in }
    ) async throws {
        var configuration = FeatureStoreConfiguration()
        configuration.durability = .written
        configuration.backfill = backfill
        configuration.backfill.share = 1
        configuration.log = log
        change(&configuration)
        try await self.init(
            directory: directory, folder: DefinitionChange.sources(text), replaces: replaces,
            configuration: configuration, disk: disk)
    }

    func plan(_ text: String) async throws -> AssayFeaturesV1.PlanDefinitionsResponse {
        try await service.planDefinitions(
            AssayFeaturesV1.PlanDefinitionsRequest(
                files: [AssayFeaturesV1.DefinitionText(path: "payments.yaml", text: text)]),
            context: context())
    }

    @discardableResult
    func apply(
        _ text: String, plan hash: [UInt8]? = nil
    ) async throws -> AssayFeaturesV1.ApplyDefinitionsResponse {
        let planHash: [UInt8]
        if let hash { planHash = hash } else { planHash = try await plan(text).planHash }
        return try await service.applyDefinitions(
            AssayFeaturesV1.ApplyDefinitionsRequest(
                planHash: planHash,
                files: [AssayFeaturesV1.DefinitionText(path: "payments.yaml", text: text)]),
            context: context())
    }

    /// Waits for states that are made for other definitions.
    @discardableResult
    func backfilled() async throws -> AssayFeaturesV1.Backfill? {
        let backfill = features.register.state.withLock { $0.backfill }
        await backfill?.finished()
        return try await status().backfill
    }

    func status() async throws -> AssayFeaturesV1.ListDefinitionsResponse {
        try await service.listDefinitions(
            AssayFeaturesV1.ListDefinitionsRequest(onlyStatus: true), context: context())
    }

    /// States and trails of a generation as they are stored.
    func generation(_ generation: [UInt8]) throws -> [[UInt8]: [UInt8]] {
        let prefix = StorageKey.states(of: generation, tenant: "bank")
        var rows: [[UInt8]: [UInt8]] = [:]
        for row in try storage.rows(.state, .prefix(prefix), limit: 1_000_000) {
            rows[row.key] = row.value
        }
        // How the steps of a trail are gathered in rows is another matter.
        for row in try storage.rows(.trail, .prefix(prefix), limit: 1_000_000) {
            let first = StorageKey.sequence(row.key.suffix(8)) ?? 0
            for (index, sequence) in (Trail.sequences(row.value) ?? []).enumerated() {
                let version = StorageKey.bigEndian(first + UInt64(index))
                rows[row.key.dropLast(8) + version] = StorageKey.log(sequence)
            }
        }
        return rows
    }

    /// What a clean replay of the log makes of a generation, by a store that is opened anew. The
    /// directory goes with it.
    static func replayed(
        _ directory: String, _ text: String
    ) async throws -> [[UInt8]: [UInt8]] {
        let set = try DefinitionChange.set(text)
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        var batch = WriteBatch()
        for family in [Family.state, .trail] {
            for row in try storage.rows(family, limit: 1_000_000) {
                batch.delete(row.key, in: family)
            }
        }
        for row in try storage.rows(.meta, .prefix(StorageKey.applied([])), limit: 100) {
            batch.delete(row.key, in: .meta)
        }
        try storage.write(batch, sync: true)
        storage.close()
        let store = try await TestStore(directory: directory, definitions: set)
        defer { store.remove() }
        return try store.generation(set.generation)
    }
}

/// What a store told its operator.
final class Notices: Sendable {
    private let lines = Mutex<[String]>([])

    var log: @Sendable (String) -> Void { { line in self.lines.withLock { $0.append(line) } } }
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
}
