import NIOPosix
import ServiceRuntime
import TLS
import TestSupport
import Testing

@testable import GatewayCore

@Suite struct SmallDocumentTests {
    private func get(
        _ url: String, _ trust: TLSTrust, timeout: Duration = .seconds(5)
    ) async throws -> SmallDocument {
        try await SmallDocument.get(
            url, trust: trust, maximumBytes: KeySet.maximumBytes, timeout: timeout,
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private func failure(_ url: String, _ trust: TLSTrust) async -> SmallDocument.Failure? {
        do {
            _ = try await get(url, trust)
            return nil
        } catch {
            return error as? SmallDocument.Failure
        }
    }

    @Test(
        "a document comes with its cache-control, and only by https from a host that is vouched for"
    )
    func good() async throws {
        let host = try await IssuerHost(TestSigner.set(["{}"]))
        let document = try await get(host.url("/jwks?x=1"), try host.trust)
        #expect(document.body == TestSigner.set(["{}"]))
        #expect(document.cacheControl == "public, max-age=120")
        let stranger = try DevelopmentCertificateAuthority()
        guard case .connection = await failure(host.url("/jwks"), stranger.trust) else {
            Issue.record("a stranger's certificate was believed")
            return
        }
        let named = try await IssuerHost(TestSigner.set(["{}"]), host: "login.bank.example")
        guard case .connection = await failure(named.url("/jwks"), try named.trust) else {
            Issue.record("another host's certificate was believed")
            return
        }
    }

    @Test("a redirecting JWKS is refused, and so are errors, large, packed and broken replies")
    func refused() async throws {
        let host = try await IssuerHost(TestSigner.set(["{}"]))
        let trust = try host.trust
        #expect(await failure(host.url("/redirect"), trust) == .redirected(302))
        #expect(await failure(host.url("/status"), trust) == .status(500))
        #expect(await failure(host.url("/none"), trust) == .status(404))
        #expect(await failure(host.url("/large"), trust) == .tooLarge(KeySet.maximumBytes))
        #expect(
            await failure(host.url("/large-unannounced"), trust) == .tooLarge(KeySet.maximumBytes))
        #expect(await failure(host.url("/gzip"), trust) == .encoding("gzip"))
        #expect(await failure(host.url("/short"), trust) != nil)
        #expect(await failure("http://127.0.0.1:\(host.port)/jwks", trust) != nil)
        host.stop()
        guard case .connection = await failure(host.url("/jwks"), trust) else {
            Issue.record("nobody was reached")
            return
        }
    }

    @Test("a reply that drips is given up")
    func slow() async throws {
        let host = try await IssuerHost(TestSigner.set(["{}"]))
        await #expect(throws: SmallDocument.Failure.timeout) {
            try await get(host.url("/slow"), try host.trust, timeout: .milliseconds(500))
        }
    }

    @Test("addresses are read as they are written, or not at all")
    func addresses() {
        let good = SecureAddress("https://login.bank.example/jwks?a=b")
        #expect(good?.host == "login.bank.example" && good?.port == 443)
        #expect(good?.target == "/jwks?a=b" && good?.authority == "login.bank.example")
        #expect(SecureAddress("https://[::1]:8443")?.host == "::1")
        #expect(SecureAddress("https://[::1]:8443")?.port == 8443)
        #expect(SecureAddress("https://a?b")?.target == "/?b")
        for text in [
            "http://a/", "https://", "https://a:0/", "https://a:99999/", "https://a:x/",
            "https://user@a/", "https://a/#f", "https://a b/", "https://[::1", "https://[::1]x/",
            "https:///x", "HTTPS://a/", "https://a\r\nb/",
        ] {
            #expect(SecureAddress(text) == nil, "\(text)")
        }
    }
}
