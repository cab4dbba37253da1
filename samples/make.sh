#!/bin/sh
# Makes the sample video and its captions from scratch: espeak-ng speaks, ffmpeg draws the slides.
# Needs espeak-ng, ffmpeg and the DejaVu fonts. Usage: sh make.sh [output folder]
set -eu
out=$(cd "${1:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > lines.txt <<'TEXT'
1|Long jobs fail in the middle.
1|A worker dies, a database restarts, and an hour of work is gone.
2|Durable statecharts change that.
2|Every transition is written to Postgres before anything else happens.
3|When a worker crashes, another worker reads the last transition and goes on.
3|Each step may run twice, but its result counts exactly once.
4|Timers and waiting are rows in a database, not memory in a process.
4|So a long job survives every crash.
TEXT

serif=/usr/share/fonts/truetype/dejavu/DejaVuSerif-Bold.ttf
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
pause=0.22

seconds() { ffprobe -v error -show_entries format=duration -of csv=p=0 "$1"; }
stamp() { awk -v t="$1" 'BEGIN { printf "%02d:%02d:%06.3f", t/3600, (t%3600)/60, t%60 }'; }

# One recording a line: its length is the length of the cue.
at=0; n=0
printf 'WEBVTT\n' > captions.vtt
while IFS='|' read -r slide text; do
  n=$((n + 1))
  espeak-ng -v en-us -s 205 -p 42 -a 160 -w "raw$n.wav" "$text" < /dev/null
  ffmpeg -v error -y -i "raw$n.wav" -af "silenceremove=start_periods=1:start_threshold=-50dB,areverse,silenceremove=start_periods=1:start_threshold=-50dB,areverse,apad=pad_dur=$pause" -ar 44100 "line$n.wav" < /dev/null
  length=$(seconds "line$n.wav")
  end=$(awk -v a="$at" -v l="$length" -v p="$pause" 'BEGIN { print a + l - p }')
  printf '\n%d\n%s --> %s\n%s\n' "$n" "$(stamp "$at")" "$(stamp "$end")" "$text" >> captions.vtt
  echo "file 'line$n.wav'" >> audio.txt
  at=$(awk -v a="$at" -v l="$length" 'BEGIN { print a + l }')
  eval "until$slide=$at"
done < lines.txt
ffmpeg -v error -y -f concat -i audio.txt -c copy speech.wav

slide() { # number, colour, heading, line, from, to
  length=$(awk -v a="$5" -v b="$6" 'BEGIN { print b - a }')
  ffmpeg -v error -y -f lavfi -i "color=c=$2:s=1280x720:r=12:d=$length" -vf "
    drawbox=x=96:y=452:w=140:h=6:color=0xF2B84B:t=fill,
    drawtext=fontfile=$serif:text='$3':fontcolor=0xF7F5F0:fontsize=74:x=96:y=300,
    drawtext=fontfile=$sans:text='$4':fontcolor=0xC9D1DC:fontsize=34:x=96:y=500,
    drawtext=fontfile=$sans:text='$1 / 4':fontcolor=0x7D8CA3:fontsize=24:x=w-tw-60:y=h-66" \
    -c:v libx264 -preset veryslow -crf 26 -pix_fmt yuv420p "slide$1.mp4"
  echo "file 'slide$1.mp4'" >> video.txt
}
slide 1 0x1B2432 'Long jobs fail' 'A worker dies. An hour of work is gone.' 0 "$until1"
slide 2 0x14343A 'Write it down first' 'Every transition goes to Postgres.' "$until1" "$until2"
slide 3 0x2C2440 'Another worker goes on' 'A result counts exactly once.' "$until2" "$until3"
slide 4 0x1E3524 'Survive every crash' 'Rows in a database, not memory.' "$until3" "$until4"

ffmpeg -v error -y -f concat -i video.txt -i speech.wav -map 0:v -map 1:a -c:v copy -c:a aac -b:a 64k -ac 1 \
  -metadata title='What makes long jobs survive crashes' -movflags +faststart -shortest sample.mp4
cp sample.mp4 "$out/long-jobs.mp4"
cp captions.vtt "$out/long-jobs.vtt"
