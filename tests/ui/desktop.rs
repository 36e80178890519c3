//! The app as a part of the desktop: settings that come and go, language and theme, one window however often it is started.

use std::fs;

use crate::support::{Machine, WITHOUT_GPU_VARIABLE, Window, processes};

const PASSWORD: &str = "xyzzy-plugh";
const PASSPHRASE: &str = "correct horse battery staple";

/// A file of mosquitto-twister. Nothing listens at these ports: the bridge waits.
const ALICE: &str = r##"{"mosquitto":"127.0.0.1:9","twister":"http://user:xyzzy-plugh@127.0.0.1:9",
"username":"mqtt_alice","following":["mqtt_bob"],"publications":["sensors/#","doors/#"],
"forwards":[{"from":"sensors/#"},{"from":"doors/#","type":"private","to":["mqtt_bob"]}],
"subscriptions":["fridges/#","earrings/#"]}"##;

/// The colour of the page, which the theme decides.
const BACKGROUND: &str = "return getComputedStyle(document.body).backgroundColor";

/// Takes mosquitto-twister's file in on the first page.
async fn with_alice() -> Window {
    let window = Machine::new().file("alice.json", ALICE).open().await;
    window.give_file("import-file", &window.home().join("alice.json")).await;
    window.shows("import-bridge", "mqtt_alice").await;
    window.press("import").await;
    window.shows("bridge-name", "mqtt_alice").await;
    window
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_mosquitto_twister_becomes_a_bridge_and_its_password_is_in_no_file() {
    let window = with_alice().await;
    let written = window.written();
    for wish in ["sensors/#", "doors/#", "mqtt_bob", "earrings/#"] {
        assert!(written.contains(wish), "{wish} was not saved");
    }
    assert!(!written.contains(PASSWORD), "the password is in a file");
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_exported_under_a_passphrase_and_taken_in_on_another_machine() {
    let window = with_alice().await;
    window.press("settings-link").await;
    let path = window.home().join("settings.json");
    window.fill("export-path", &path.display().to_string()).await;
    window.press("export-passwords").await;
    window.fill("export-passphrase", PASSPHRASE).await;
    window.fill("export-passphrase-again", PASSPHRASE).await;
    window.press("export").await;
    window.shows("exported", "settings.json").await;
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    assert!(!window.written().contains(PASSPHRASE), "the passphrase is in a file");
    window.close().await;

    let other = Machine::new().file("settings.json", &text).open().await;
    other.give_file("import-file", &other.home().join("settings.json")).await;
    other.fill("import-passphrase", "not this one").await;
    other.press("import-open").await;
    other.says("The passphrase does not fit this file").await;
    other.fill("import-passphrase", PASSPHRASE).await;
    other.press("import-open").await;
    other.shows("import-bridge", "With its passwords").await;
    other.press("import").await;
    other.shows("bridge-name", "mqtt_alice").await;
    assert!(!other.written().contains(PASSWORD), "the password is in a file");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_theme_switch_at_once_and_stay() {
    let window = with_alice().await;
    window.press("settings-link").await;
    window.shows("settings-title", "Settings").await;
    window.select("language", "pt-BR").await;
    window.shows("settings-title", "Configurações").await;
    window.select("language", "fr").await;
    window.shows("settings-title", "Réglages").await;
    for (theme, background) in [("light", "rgb(244, 246, 248)"), ("dark", "rgb(18, 22, 28)")] {
        window.choose("theme", theme).await;
        window.answers(BACKGROUND, background).await;
    }
    let written = window.written();
    for wish in ["language = \"fr\"", "theme = \"dark\""] {
        assert!(written.contains(wish), "{wish} was not saved");
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_of_a_newer_version_are_followed_as_far_as_they_are_known_and_kept() {
    let newer = "language = \"de\"\nsounds = true\n";
    let window = Machine::new().app_file("app.toml", newer).open().await;
    window.says("Ausprobieren").await;
    window.press("settings-link").await;
    window.press("autostart").await;
    window.shows("settings-title", "Einstellungen").await;
    window.exists(&window.home().join(".config/autostart")).await;
    assert!(window.written().contains("sounds = true"));
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_start_shows_an_icon_and_no_window_until_the_app_is_started_again() {
    let window = Machine::new().with_tray().argument("--hidden").open().await;
    window.tray().has_icon().await;
    window.is_visible(false).await;
    assert!(window.start_again(&[]).await, "the second start failed");
    window.is_visible(true).await;
    window.find("try-it").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_tray_a_hidden_start_does_not_lock_the_user_out() {
    let window = Machine::new().argument("--hidden").open().await;
    window.is_visible(true).await;
    window.find("try-it").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_drawn_without_the_graphics_processor_unless_the_person_wants_it_otherwise() {
    for (machine, drawn) in [(Machine::new(), "1"), (Machine::new().variable(WITHOUT_GPU_VARIABLE, "0"), "0")] {
        let window = machine.open().await;
        window.find("try-it").await;
        let pages = processes(window.home(), "WebKitWebProces");
        assert!(!pages.is_empty());
        for page in pages {
            let environment = String::from_utf8(fs::read(page.join("environ")).unwrap()).unwrap();
            let said =
                environment.split('\0').find_map(|line| line.strip_prefix(WITHOUT_GPU_VARIABLE)?.strip_prefix('='));
            assert_eq!(said, Some(drawn));
        }
        window.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_no_secrets_and_no_names() {
    let window = with_alice().await;
    window.press("log-link").await;
    window.press("make-report").await;
    window.find("report").await;
    let report = window.script("return document.querySelector('[data-testid=report]').value").await;
    let report = report.as_str().unwrap();
    assert!(report.contains("sensors/#") && report.contains("account-1"), "{report}");
    for hidden in [PASSWORD, "mqtt_bob", "mqtt_alice"] {
        assert!(!report.contains(hidden), "{hidden} is in the report:\n{report}");
    }
    window.close().await;
}
