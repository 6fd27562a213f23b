import Foundation
import Synchronization
import TLS
import TestSupport
import Testing

@Suite("Certificates that change while a process runs")
struct CertificateStoreTests {
    /// Files of one workload, and what the store said of them.
    private final class Fixture {
        static let start: Int64 = 1_800_000_000
        static let day: Int64 = 86_400
        let directory: TemporaryDirectory
        let files: CertificateStore.Files
        let log = Log()
        let store: CertificateStore

        init(warnAfterDays days: Int64 = 30) throws {
            directory = try TemporaryDirectory()
            files = CertificateStore.Files(
                certificate: try directory.path("leaf.pem"), key: try directory.path("leaf.key"),
                trust: try directory.path("ca.pem"))
            try Self.write(Self.leaf("assay-models", days: days), to: files)
            store = try CertificateStore(files, observer: log, now: Self.start)
        }

        static let authority: DevelopmentCertificateAuthority = {
            let validity = CertificateValidity(
                notBefore: start - 10 * day, notAfter: start + 400 * day)
            do throws(TLSError) {
                return try DevelopmentCertificateAuthority(validity: validity)
            } catch { preconditionFailure("\(error)") }
        }()

        static func leaf(
            _ name: String, from: Int64 = 0, days: Int64 = 30,
            by authority: DevelopmentCertificateAuthority = authority
        ) throws -> TLSIdentity {
            var request = Credentials.request(name)
            request.validity = CertificateValidity(
                notBefore: start + from * day, notAfter: start + (from + days) * day)
            return try authority.issue(request)
        }

        static func write(
            _ identity: TLSIdentity, to files: CertificateStore.Files,
            trust: TLSTrust = authority.trust
        ) throws {
            try identity.write(certificateFile: files.certificate, keyFile: files.key)
            if let path = files.trust { try trust.write(file: path) }
        }

        func write(_ bytes: [UInt8], to path: String) throws {
            try Data(bytes).write(to: URL(filePath: path))
        }

        func check(afterDays days: Int64 = 0) { store.check(now: Self.start + days * Self.day) }
    }

    private final class Log: CertificateObserver {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func certificatesChanged(_ set: CertificateSet) {
            lines.withLock { $0.append("changed \(set.subject)") }
        }
        func certificatesRefused(_ error: TLSError) {
            lines.withLock { $0.append("refused \(error.message)") }
        }
        func certificateExpiresSoon(_ set: CertificateSet, secondsLeft: Int64) {
            lines.withLock { $0.append("warned \(secondsLeft)") }
        }
    }

    @Test("a new set is used by new handshakes; connections that are open go on")
    func rotation() throws {
        let fixture = try Fixture()
        // The engine verifies against the clock of the machine: certificates of today.
        try Fixture.write(Credentials.models, to: fixture.files, trust: Credentials.authority.trust)
        let store = try CertificateStore(fixture.files)
        let server = try store.serverContext(accepting: [Credentials.spiffeID("assay-risk")])
        let old = try EnginePair(client: Credentials.meshClient(), server: server.current)
        #expect(old.handshake().client == nil)
        let before = old.client.peer?.fingerprint

        let renewed = Credentials.leaf("assay-models")
        try Fixture.write(renewed, to: fixture.files, trust: Credentials.authority.trust)
        store.check()
        #expect(store.status.loads == 2)
        let new = try EnginePair(client: Credentials.meshClient(), server: server.current)
        #expect(new.handshake().client == nil)
        #expect(new.client.peer?.fingerprint == (try renewed.subject().fingerprint))
        #expect(new.client.peer?.fingerprint != before)
        #expect(try old.send([1, 2, 3], from: old.client, to: old.server) == [1, 2, 3])
    }

    @Test("a rotated authority is believed, the old one no more")
    func rotatedAuthority() throws {
        let fixture = try Fixture()
        try Fixture.write(Credentials.models, to: fixture.files, trust: Credentials.authority.trust)
        let store = try CertificateStore(fixture.files)
        let client = try StoredTLSContext.mesh(store, expect: Credentials.spiffeID("assay-risk"))
        var request = Credentials.request("assay-models")
        request.validity = .days(1)
        let moved = try Credentials.stranger.issue(request)
        try Fixture.write(moved, to: fixture.files, trust: Credentials.stranger.trust)
        store.check()
        let server = try Credentials.meshServer(
            accepting: ["assay-models"], identity: Credentials.risk)
        let errors = try EnginePair(client: client.current, server: server).handshake()
        #expect(errors.client?.code == .certificateRejected)
    }

    @Test("the same content is no news, whatever the files' dates")
    func unchanged() throws {
        let fixture = try Fixture()
        for path in [fixture.files.certificate, fixture.files.key] {
            let bytes = try Data(contentsOf: URL(filePath: path))
            try bytes.write(to: URL(filePath: path))
        }
        fixture.check()
        fixture.check()
        #expect(fixture.store.status.loads == 1)
        #expect(fixture.log.all.count == 1)
    }

    @Test("a set that is not sound is refused once, named, and the old one stays")
    func refusals() throws {
        let stranger = try Fixture.leaf("assay-models", by: Credentials.stranger)
        let expired = try Fixture.leaf("assay-models", from: -9, days: 5)
        let early = try Fixture.leaf("assay-models", from: 3)
        let good = try Fixture.leaf("assay-models")
        let cases: [(String, (Fixture) throws -> Void)] = [
            ("no certificate", { try $0.write([], to: $0.files.certificate) }),
            ("no certificate", { try $0.write(Array("nonsense".utf8), to: $0.files.certificate) }),
            ("key", { try $0.write([], to: $0.files.key) }),
            ("key does not fit", { try $0.write(good.privateKey, to: $0.files.key) }),
            ("trust bundle", { try $0.write([1, 2, 3], to: $0.files.trust ?? "") }),
            ("does not lead to", { try Fixture.write(stranger, to: $0.files) }),
            ("has expired", { try Fixture.write(expired, to: $0.files) }),
            ("not valid yet", { try Fixture.write(early, to: $0.files) }),
            ("cannot open", { try FileManager.default.removeItem(atPath: $0.files.certificate) }),
            (
                "larger than",
                { try $0.write([UInt8](repeating: 10, count: 2 << 20), to: $0.files.key) }
            ),
        ]
        for (reason, spoil) in cases {
            let fixture = try Fixture()
            let before = fixture.store.current.subject
            try spoil(fixture)
            fixture.check()
            fixture.check()
            #expect(fixture.store.current.subject == before)
            #expect(fixture.store.status.refusals == 1, "\(reason)")
            #expect(fixture.store.status.isStale)
            #expect(fixture.log.all.last?.contains(reason) == true, "\(fixture.log.all)")
            try Fixture.write(good, to: fixture.files)
            fixture.check()
            #expect(fixture.store.status.loads == 2)
            #expect(!fixture.store.status.isStale)
        }
    }

    @Test("a chain file cut at any byte is refused, or leaves a sound chain")
    func truncation() throws {
        let fixture = try Fixture()
        let chain = try Data(contentsOf: URL(filePath: fixture.files.certificate))
        for count in stride(from: 0, to: chain.count, by: 7) {
            try chain.prefix(count).write(to: URL(filePath: fixture.files.certificate))
            fixture.check()
        }
        #expect(fixture.store.status.loads <= 2)
        #expect(fixture.store.current.subject.spiffeID == Credentials.spiffeID("assay-models"))
    }

    @Test("a fifth of its life before the end a certificate is warned of, once")
    func warning() throws {
        let fixture = try Fixture()
        fixture.check(afterDays: 23)
        #expect(!fixture.log.all.contains { $0.hasPrefix("warned") })
        fixture.check(afterDays: 24)
        fixture.check(afterDays: 29)
        #expect(fixture.log.all.filter { $0.hasPrefix("warned") } == ["warned \(6 * Fixture.day)"])
        try Fixture.write(Fixture.leaf("assay-models", from: 20), to: fixture.files)
        fixture.check(afterDays: 29)
        fixture.check(afterDays: 45)
        #expect(fixture.log.all.filter { $0.hasPrefix("warned") }.count == 2)
        let end = Fixture.start + 50 * Fixture.day
        #expect(fixture.store.status.expiresAt == end)
        #expect(fixture.store.current.secondsLeft(at: end + 5) == -5)
    }

    @Test("a process does not start with a set that is not sound")
    func start() throws {
        let fixture = try Fixture()
        try fixture.write([], to: fixture.files.key)
        #expect(throws: TLSError.self) { try CertificateStore(fixture.files) }
    }

    @Test("an edge set needs no bundle, but its chain has to hang together")
    func edge() throws {
        let fixture = try Fixture()
        let files = CertificateStore.Files(
            certificate: fixture.files.certificate, key: fixture.files.key)
        let leaf = try Fixture.leaf("assay-gateway")
        let foreign = Credentials.stranger.identity.certificateChain
        try leaf.write(certificateFile: files.certificate, keyFile: files.key)
        _ = try CertificateStore(files, now: Fixture.start).edgeContext()
        try fixture.write(leaf.certificateChain + foreign, to: files.certificate)
        let error = #expect(throws: TLSError.self) {
            try CertificateStore(files, now: Fixture.start)
        }
        #expect(error?.message.contains("did not sign") == true)
        #expect(error?.verifyDepth == 0)
    }
}
