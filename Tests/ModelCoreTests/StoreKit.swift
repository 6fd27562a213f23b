import Foundation
import NIOPosix
import Redis
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import ModelCore

/// Where a registry's rows are.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case embedded, redis

    var testDescription: String { rawValue }
}

/// A registry over a real store of either kind, and over an artifact folder that all who open it share.
final class StoreKit: Sendable {
    let clock = Mutex<Int64>(1_767_571_200_000)
    let folder: TemporaryDirectory
    let artifacts: ArtifactFolder
    private let rocks: RocksDBStore?
    private let embedded: EmbeddedRegistryStore?
    private let server: RedisServer?
    private let clients = Mutex<[RedisClient]>([])

    init(_ kind: StoreKind) async throws {
        folder = try TemporaryDirectory()
        artifacts = try ArtifactFolder(path: "\(folder.path)/artifacts")
        switch kind {
        case .embedded:
            let store = try RocksDBStore(
                directory: "\(folder.path)/registry", families: ModelRegistry.families)
            rocks = store
            embedded = EmbeddedRegistryStore(store, tenant: "default")
            server = nil
        case .redis:
            rocks = nil
            embedded = nil
            server = try await RedisServer.start { $0.isPersistent = true }
        }
    }

    var redis: RedisServer {
        guard let server else { preconditionFailure("the store is embedded") }
        return server
    }

    /// The store: a shared one as another process would open it, an own one as it is.
    func store(
        _ change: (inout RedisRegistryStore.Configuration) -> Void = { _ in }
    ) async throws -> any RegistryStore {
        if let embedded { return embedded }
        var configuration = RedisRegistryStore.Configuration()
        change(&configuration)
        return try await RedisRegistryStore(
            try await client(port: redis.port), configuration: configuration)
    }

    func client(port: Int) async throws -> RedisClient {
        var connection = RedisConnection.Configuration(host: "127.0.0.1", port: port)
        RedisRegistryStore.prepare(&connection)
        let client = RedisClient(
            RedisClient.Configuration(connection),
            group: MultiThreadedEventLoopGroup.singleton)
        clients.withLock { $0.append(client) }
        try await client.connected(within: .seconds(10))
        return client
    }

    func open() async throws -> ModelRegistry {
        try await ModelRegistry(
            over: try await store(), artifacts: artifacts, standardPolicy: RegistryKit.openPolicy
        ) { [self] in
            Timestamp(nanosecondsSinceEpoch: clock.withLock { $0 } * 1_000_000)
        }
    }

    func close() async {
        for client in clients.withLock({ $0 }) { await client.close() }
        await server?.kill()
        rocks?.close()
    }
}
