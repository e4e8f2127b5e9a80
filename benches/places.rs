//! What it costs to judge an answer of Places, and to cut it to what a client asked for.

mod harness;

use harness::Harness;
use herd::places::{Answer, judge};
use herd::wire::http::Response;
use std::fmt::Write;
use std::hint::black_box;

/// Results of an answer, as many as Places ever sends.
const RESULTS: usize = 20;

fn main() -> Result<(), String> {
    let harness = Harness::from_arguments();
    let response = Response { status: 200, keep_alive: true, identity: true, body: body() };
    harness.measure("places/judge 25 KB", || judge(black_box(response.clone()), None).is_ok());
    let answer: Answer =
        judge(response, None).map_err(|problem| format!("the answer is refused: {problem}"))?;
    let mut out = Vec::with_capacity(answer.bytes());
    for bound in [20, 5, 0] {
        harness.measure(&format!("places/cut 25 KB from 20 to {bound}"), || {
            out.clear();
            answer.write_cut(black_box(bound), &mut out);
            out.len()
        });
    }
    Ok(())
}

/// An answer in the shape and size that Nearby Search (legacy) has, a line for each member.
fn body() -> Vec<u8> {
    let mut text = String::from("{\n   \"html_attributions\" : [],\n   \"results\" : [\n");
    for number in 0..RESULTS {
        let comma = if number + 1 < RESULTS { "," } else { "" };
        let reference = "Aap_uEA7vb0DDYVJWEaX3O-AtYp77AaswQKSGtDaimt3gt7QCNpdjp1BkdM6acJ96xTec3";
        let _ = write!(
            text,
            r##"      {{
         "business_status" : "OPERATIONAL",
         "geometry" : {{
            "location" : {{
               "lat" : 34.0{number:02}8930,
               "lng" : -118.445127
            }},
            "viewport" : {{
               "northeast" : {{ "lat" : 34.0702795, "lng" : -118.4437780 }},
               "southwest" : {{ "lat" : 34.0675815, "lng" : -118.4464759 }}
            }}
         }},
         "icon" : "https://maps.gstatic.com/mapfiles/place_api/icons/v1/png_71/school-71.png",
         "icon_background_color" : "#7B9EB0",
         "name" : "Caf\u00e9 \"Number {number}\" [west]",
         "photos" : [
            {{
               "height" : 3024,
               "html_attributions" : [ "\u003ca href=\"https://maps.google.com/x\"\u003e" ],
               "photo_reference" : "{reference}{reference}",
               "width" : 4032
            }}
         ],
         "place_id" : "ChIJO0d2_ee7woARPEYsKHd{number:02}Q",
         "rating" : 4.4,
         "types" : [ "cafe", "food", "point_of_interest", "establishment" ],
         "vicinity" : "{number} Westwood Plaza, Los Angeles"
      }}{comma}
"##
        );
    }
    text += "   ],\n   \"status\" : \"OK\"\n}\n";
    text.into_bytes()
}
