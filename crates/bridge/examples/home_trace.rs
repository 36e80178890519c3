//! Writes what a mid-size home publishes to its broker, as `mqtt-twister-cli estimate` reads it.
//!
//! `cargo run -p mqtt-twister-bridge --example home_trace -- [HOURS] [SEED] > home.jsonl`
//!
//! The same hours and seed give the same bytes, on every machine and with every version of every library. The home has
//! Zigbee devices (zigbee2mqtt), Tasmota plugs, Shellies of both generations, ESPHome nodes, a power meter, two phones with
//! OwnTracks, and Home Assistant's discovery messages at the start. What it does not have: cameras and other large messages.

#![allow(clippy::print_stdout)]

use serde_json::{Value, json};

/// One message: seconds since the start, topic, payload, QoS, retained.
pub type Line = (f64, String, String, u8, bool);

const ROOMS: [&str; 10] =
    ["bath", "hallway", "nursery", "attic", "kitchen", "guest_room", "cellar", "bedroom", "living_room", "laundry"];

fn main() {
    let mut args = std::env::args().skip(1);
    let hours: f64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(6.0);
    let seed: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    for (t, topic, payload, qos, retain) in trace(hours, seed) {
        println!("{}", json!({"t": round(t, 3), "topic": topic, "payload": payload, "qos": qos, "retain": retain}));
    }
}

/// What the home publishes, in the order of time.
pub fn trace(hours: f64, seed: u64) -> Vec<Line> {
    let mut home = Home { rng: Rng(seed), lines: Vec::new(), end: hours * 3600.0 };
    home.discovery();
    home.zigbee();
    home.tasmota();
    home.shelly();
    home.esphome();
    home.power_meter();
    home.phones();
    home.lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    home.lines
}

/// SplitMix64: the same numbers for ever.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn hex(&mut self, digits: usize) -> String {
        format!("{:016x}", self.next())[..digits].to_owned()
    }
}

/// A measured value that wanders.
struct Walk {
    value: f64,
    low: f64,
    high: f64,
    step: f64,
}

impl Walk {
    fn new(rng: &mut Rng, low: f64, high: f64, step: f64) -> Self {
        Self { value: rng.between(low, high), low, high, step }
    }

    fn next(&mut self, rng: &mut Rng) -> f64 {
        self.value = (self.value + rng.between(-self.step, self.step)).clamp(self.low, self.high);
        self.value
    }
}

struct Home {
    rng: Rng,
    lines: Vec<Line>,
    end: f64,
}

impl Home {
    fn say(&mut self, t: f64, topic: impl Into<String>, payload: impl ToString) {
        self.lines.push((t, topic.into(), payload.to_string(), 0, false));
    }

    fn retain(&mut self, t: f64, topic: impl Into<String>, payload: impl ToString) {
        self.lines.push((t, topic.into(), payload.to_string(), 1, true));
    }

    /// Times about `pause` seconds apart, each off by up to `jitter` of the pause.
    fn times(&mut self, pause: f64, jitter: f64) -> Vec<f64> {
        let mut t = self.rng.between(2.0, pause + 2.0);
        let mut times = Vec::new();
        while t < self.end {
            times.push(t);
            t += pause * (1.0 + self.rng.between(-jitter, jitter));
        }
        times
    }

    /// Home Assistant learns which sensors there are.
    fn discovery(&mut self) {
        let kinds = [
            ("temperature", "°C", "{{ value_json.temperature }}"),
            ("humidity", "%", "{{ value_json.humidity }}"),
            ("battery", "%", "{{ value_json.battery }}"),
            ("linkquality", "lqi", "{{ value_json.linkquality }}"),
        ];
        let mut t = 0.1;
        for room in &ROOMS[..8] {
            let address = format!("0x00158d00{}", self.rng.hex(8));
            for (kind, unit, template) in kinds {
                let config = json!({
                    "availability": [{"topic": "zigbee2mqtt/bridge/state", "value_template": "{{ value_json.state }}"}],
                    "availability_mode": "all",
                    "device": {
                        "identifiers": [format!("zigbee2mqtt_{address}")],
                        "manufacturer": "Aqara",
                        "model": "Temperature and humidity sensor",
                        "model_id": "WSDCGQ11LM",
                        "name": format!("{room}_climate"),
                        "via_device": "zigbee2mqtt_bridge_0x00124b0018e2f1c4",
                    },
                    "device_class": kind,
                    "enabled_by_default": true,
                    "object_id": format!("{room}_climate_{kind}"),
                    "origin": {"name": "Zigbee2MQTT", "sw": "2.1.3", "url": "https://www.zigbee2mqtt.io"},
                    "state_class": "measurement",
                    "state_topic": format!("zigbee2mqtt/{room}_climate"),
                    "unique_id": format!("{address}_{kind}_zigbee2mqtt"),
                    "unit_of_measurement": unit,
                    "value_template": template,
                });
                self.retain(t, format!("homeassistant/sensor/{address}/{kind}/config"), config);
                t += 0.02;
            }
        }
    }

    fn zigbee(&mut self) {
        self.retain(0.05, "zigbee2mqtt/bridge/state", json!({"state": "online"}));
        for room in &ROOMS[..8] {
            let mut temperature = Walk::new(&mut self.rng, 16.0, 24.0, 0.3);
            let mut humidity = Walk::new(&mut self.rng, 35.0, 65.0, 1.0);
            let mut pressure = Walk::new(&mut self.rng, 985.0, 1030.0, 0.3);
            let mut quality = Walk::new(&mut self.rng, 60.0, 200.0, 12.0);
            let voltage = self.rng.between(2905.0, 3055.0).round();
            for t in self.times(240.0, 0.6) {
                let payload = json!({
                    "battery": ((voltage - 2850.0) / 2.0).clamp(1.0, 100.0).round() as i64,
                    "humidity": round(humidity.next(&mut self.rng), 2),
                    "linkquality": quality.next(&mut self.rng) as i64,
                    "power_outage_count": 12,
                    "pressure": round(pressure.next(&mut self.rng), 1),
                    "temperature": round(temperature.next(&mut self.rng), 2),
                    "voltage": voltage as i64,
                });
                self.say(t, format!("zigbee2mqtt/{room}_climate"), payload);
            }
        }
        for room in &ROOMS[..6] {
            let mut lux = Walk::new(&mut self.rng, 0.0, 900.0, 90.0);
            let mut quality = Walk::new(&mut self.rng, 60.0, 200.0, 12.0);
            let mut seen = false;
            for t in self.times(150.0, 0.9) {
                seen = !seen;
                let payload = json!({
                    "battery": 87, "device_temperature": 23, "illuminance": lux.next(&mut self.rng) as i64,
                    "linkquality": quality.next(&mut self.rng) as i64, "motion_timeout": 30, "occupancy": seen,
                    "voltage": 3015,
                });
                self.say(t, format!("zigbee2mqtt/{room}_motion"), payload);
            }
        }
        for room in &ROOMS[4..8] {
            let mut open = false;
            let mut quality = Walk::new(&mut self.rng, 60.0, 200.0, 12.0);
            for t in self.times(1500.0, 0.9) {
                open = !open;
                let payload = json!({
                    "battery": 100, "contact": !open, "linkquality": quality.next(&mut self.rng) as i64,
                    "tamper": false, "voltage": 3100,
                });
                self.lines.push((t, format!("zigbee2mqtt/{room}_window"), payload.to_string(), 1, false));
            }
        }
        for room in &ROOMS[5..10] {
            let mut power = Walk::new(&mut self.rng, 0.0, 180.0, 15.0);
            let mut quality = Walk::new(&mut self.rng, 60.0, 200.0, 12.0);
            let mut energy = self.rng.between(10.0, 400.0);
            for t in self.times(30.0, 0.3) {
                let watts = power.next(&mut self.rng);
                energy += watts / 1000.0 / 120.0;
                let volts = self.rng.between(229.0, 236.0);
                let payload = json!({
                    "child_lock": "UNLOCK", "current": round(watts / volts, 2), "energy": round(energy, 2),
                    "indicator_mode": "off/on", "linkquality": quality.next(&mut self.rng) as i64,
                    "power": watts.round() as i64, "power_outage_memory": "restore", "state": "ON",
                    "voltage": volts.round() as i64,
                });
                self.say(t, format!("zigbee2mqtt/{room}_plug"), payload);
            }
        }
    }

    fn tasmota(&mut self) {
        for name in ["boiler", "washer", "fridge", "aquarium"] {
            self.retain(0.5, format!("tele/{name}/LWT"), "Online");
            let mut power = Walk::new(&mut self.rng, 2.0, 300.0, 40.0);
            let mut signal = Walk::new(&mut self.rng, 40.0, 90.0, 4.0);
            let mut total = self.rng.between(50.0, 900.0);
            let mut uptime = self.rng.between(1e5, 3e6);
            for t in self.times(300.0, 0.003) {
                let watts = power.next(&mut self.rng);
                total += watts / 1000.0 / 12.0;
                uptime += 300.0;
                let rssi = signal.next(&mut self.rng);
                let state = json!({
                    "Time": clock(t), "Uptime": duration(uptime), "UptimeSec": uptime as i64, "Heap": 24,
                    "SleepMode": "Dynamic", "Sleep": 50, "LoadAvg": 19, "MqttCount": 3, "POWER": "ON",
                    "Wifi": {"AP": 1, "SSId": "nest", "BSSId": "B4:FB:E4:8A:10:7C", "Channel": 6, "Mode": "11n",
                        "RSSI": rssi as i64, "Signal": (rssi / 2.0) as i64 - 100, "LinkCount": 2,
                        "Downtime": "0T00:00:07"},
                });
                self.say(t, format!("tele/{name}/STATE"), state);
                let volts = self.rng.between(229.0, 236.0);
                let sensor = json!({
                    "Time": clock(t),
                    "ENERGY": {"TotalStartTime": "2023-05-14T09:31:08", "Total": round(total, 3), "Yesterday": 1.204,
                        "Today": round(watts / 150.0, 3), "Period": (watts / 12.0) as i64, "Power": watts as i64,
                        "ApparentPower": (watts * 1.1) as i64, "ReactivePower": (watts * 0.4) as i64, "Factor": 0.91,
                        "Voltage": volts as i64, "Current": round(watts / volts, 3)},
                });
                self.say(t + 0.02, format!("tele/{name}/SENSOR"), sensor);
            }
        }
    }

    fn shelly(&mut self) {
        for address in ["e868e7f1a2b4", "c45bbe6b0d19"] {
            let mut power = Walk::new(&mut self.rng, 0.0, 600.0, 50.0);
            let mut warmth = Walk::new(&mut self.rng, 38.0, 60.0, 0.8);
            let mut total = self.rng.between(1e5, 9e6);
            for t in self.times(30.0, 0.02) {
                let watts = power.next(&mut self.rng);
                total += watts / 2.0;
                let celsius = warmth.next(&mut self.rng);
                let base = format!("shellies/shelly1pm-{address}");
                self.say(t, format!("{base}/relay/0"), "on");
                self.say(t + 0.01, format!("{base}/relay/0/power"), format!("{watts:.2}"));
                self.say(t + 0.02, format!("{base}/relay/0/energy"), total as i64);
                self.say(t + 0.03, format!("{base}/temperature"), format!("{celsius:.2}"));
                self.say(t + 0.04, format!("{base}/temperature_f"), format!("{:.2}", celsius * 1.8 + 32.0));
                self.say(t + 0.05, format!("{base}/overtemperature"), 0);
            }
        }
        for id in ["a8032ab11c5c", "7c87ce65a0e8"] {
            let mut power = Walk::new(&mut self.rng, 0.0, 1500.0, 80.0);
            let mut warmth = Walk::new(&mut self.rng, 38.0, 60.0, 0.8);
            let mut total = self.rng.between(1e4, 9e5);
            for t in self.times(60.0, 0.01) {
                let watts = power.next(&mut self.rng);
                total += watts / 60.0;
                let volts = self.rng.between(229.0, 236.0);
                let celsius = warmth.next(&mut self.rng);
                let minute = 1_736_500_000 + t as i64 / 60 * 60;
                let status = json!({
                    "id": 0, "source": "init", "output": true, "apower": round(watts, 1), "voltage": round(volts, 1),
                    "current": round(watts / volts, 3),
                    "aenergy": {"total": round(total, 3), "by_minute": [
                        round(watts * 16.6, 3), round(watts * 16.7, 3), round(watts * 16.5, 3)],
                        "minute_ts": minute},
                    "temperature": {"tC": round(celsius, 1), "tF": round(celsius * 1.8 + 32.0, 1)},
                });
                self.say(t, format!("shellyplus1pm-{id}/status/switch:0"), status);
            }
        }
    }

    fn esphome(&mut self) {
        for node in ["air-quality", "greenhouse", "workshop"] {
            let mut walks = [
                ("temperature", 1, Walk::new(&mut self.rng, 12.0, 30.0, 0.15)),
                ("humidity", 1, Walk::new(&mut self.rng, 30.0, 80.0, 0.5)),
                ("pressure", 1, Walk::new(&mut self.rng, 985.0, 1030.0, 0.2)),
                ("co2", 0, Walk::new(&mut self.rng, 420.0, 1900.0, 25.0)),
                ("pm_2_5", 1, Walk::new(&mut self.rng, 0.0, 40.0, 1.5)),
                ("wifi_signal", 0, Walk::new(&mut self.rng, -85.0, -45.0, 2.0)),
            ];
            self.retain(0.4, format!("{node}/status"), "online");
            for t in self.times(60.0, 0.001) {
                for (index, (name, digits, walk)) in walks.iter_mut().enumerate() {
                    let value = walk.next(&mut self.rng);
                    let at = t + index as f64 * 0.9;
                    self.lines.push((at, format!("{node}/sensor/{name}/state"), format!("{value:.digits$}"), 0, true));
                }
            }
        }
    }

    fn power_meter(&mut self) {
        let mut power = Walk::new(&mut self.rng, 0.15, 5.0, 0.25);
        let mut delivered = self.rng.between(1e3, 2e4);
        for t in self.times(10.0, 0.01) {
            let kilowatts = power.next(&mut self.rng);
            delivered += kilowatts / 360.0;
            let volts = self.rng.between(229.0, 236.0);
            self.say(t, "dsmr/reading/electricity_currently_delivered", format!("{kilowatts:.3}"));
            self.say(t + 0.01, "dsmr/reading/electricity_delivered_1", format!("{delivered:.3}"));
            self.say(t + 0.02, "dsmr/reading/phase_voltage_l1", format!("{volts:.1}"));
        }
    }

    fn phones(&mut self) {
        for (user, device, tid) in [("mira", "pixel", "mi"), ("jon", "iphone", "jo")] {
            let (mut lat, mut lon) = (48.208_17, 16.373_82);
            let mut battery: f64 = 96.0;
            for t in self.times(420.0, 0.8) {
                let speed = self.rng.between(0.0, 60.0);
                lat += self.rng.between(-0.004, 0.004);
                lon += self.rng.between(-0.004, 0.004);
                battery = (battery - 0.6).max(8.0);
                let payload = json!({
                    "_type": "location", "acc": self.rng.between(4.0, 40.0) as i64,
                    "alt": self.rng.between(160.0, 210.0) as i64, "batt": battery as i64, "bs": 1, "conn": "m",
                    "created_at": 1_736_500_000 + t as i64, "lat": round(lat, 7), "lon": round(lon, 7), "m": 1,
                    "t": "u", "tid": tid, "tst": 1_736_499_998 + t as i64, "vac": 3, "vel": speed as i64,
                });
                self.lines.push((t, format!("owntracks/{user}/{device}"), payload.to_string(), 1, true));
            }
        }
    }
}

fn round(value: f64, digits: i32) -> Value {
    let scale = 10_f64.powi(digits);
    json!((value * scale).round() / scale)
}

/// Tasmota's time of day, on a day in January.
fn clock(t: f64) -> String {
    let s = t as u64 + 6 * 3600;
    format!("2025-01-{:02}T{:02}:{:02}:{:02}", 10 + s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60)
}

fn duration(seconds: f64) -> String {
    let s = seconds as u64;
    format!("{}T{:02}:{:02}:{:02}", s / 86_400, s / 3600 % 24, s / 60 % 60, s % 60)
}
